/** @file Bounds cover the error of the f64 numbers too: sums and products against exact arithmetic. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, boundOf, float32, float64, type Profile } from '../../src/executors/bounded/index.ts';
import { rounded } from '../../src/executors/rounded/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { rng } from '../../src/tensor/random.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { cases } from '../support/property.ts';

/** The scale of exact integers in units of 2⁻⁴⁰⁰. Numbers between 2⁻²⁰⁰ and 2²⁰⁰ and products of two of them fit. */
const units = 2 ** 400;
const exact = (x: number): bigint => BigInt(x * units);
const product = (x: number, y: number): bigint => BigInt(x * 2 ** 200) * BigInt(y * 2 ** 200);
/** |number − exact|. */
const distance = (x: number, truth: bigint): number => Math.abs(Number(exact(x) - truth)) / units;

const lists = fc.record({ n: fc.integer({ min: 1, max: 300 }), spread: fc.nat({ max: 40 }), seed: fc.nat() });
const drawn = ({ n, spread, seed }: { n: number; spread: number; seed: number }, profile: Profile): Float64Array[] => {
  const random = rng(seed);
  const list = (): Float64Array =>
    Float64Array.from({ length: n }, () =>
      profile.at.sum.round(random.normal() * 2 ** (random.integer(2 * spread + 1) - spread)),
    );
  return [list(), list()];
};

describe.each([float32, float64])('against exact arithmetic, on numbers of $name', (profile) => {
  /** Error / bound of the f64 number against exact arithmetic, and of an implementation against the f64 number. */
  const both = (
    f: (xs: readonly Value[]) => Value,
    xs: readonly Float64Array[],
    truth: bigint,
    seed: number,
  ): { ofReference: number; ofImplementation: number } => {
    const on = (executor: Executor): Value => f(xs.map((x) => input(executor, x, [x.length])));
    const reference = on(bounded(profile) as Executor);
    const implementation = on(rounded(profile, seed) as Executor);
    const [allowed] = boundOf(reference);
    return {
      ofReference: distance(read(reference)[0]!, truth) / allowed!,
      ofImplementation: Math.abs(read(implementation)[0]! - read(reference)[0]!) / allowed!,
    };
  };

  it.each([
    [
      'sums',
      ([x]: readonly Value[]) => sum(x!),
      ([x]: readonly Float64Array[]) => x!.reduce((total, a) => total + exact(a), 0n),
    ],
    [
      'products',
      (xs: readonly Value[]) => einsum('i,i->', ...xs),
      ([x, y]: readonly Float64Array[]) => x!.reduce((total, a, i) => total + product(a, y![i]!), 0n),
    ],
  ] as const)('the f64 error of %s is within the reference’s share of the bound', (_name, f, truthOf) => {
    let worst = 0;
    fc.assert(
      fc.property(lists, (list) => {
        const xs = drawn(list, profile);
        const { ofReference, ofImplementation } = both(f, xs, truthOf(xs), list.seed);
        // the bound of an operation has one share for the f64 rounding and one for the implementation's
        const share = 2 ** -53 / (profile.at.sum.u + 2 ** -53);
        expect(Number.isNaN(ofReference) ? 0 : ofReference).toBeLessThanOrEqual(share);
        expect(Number.isNaN(ofImplementation) ? 0 : ofImplementation).toBeLessThanOrEqual(1);
        worst = Math.max(worst, ofReference / share || 0);
      }),
      cases(300),
    );
    expect(worst).toBeGreaterThan(0.05);
  });
});
