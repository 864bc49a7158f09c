/** @file The rounded executor is correct and uses its freedom: errors, orders, fused multiply-add, flushing to zero. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, boundOf, float32, float64, type Profile } from '../../src/executors/bounded/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { rounded } from '../../src/executors/rounded/index.ts';
import { orders } from '../../src/executors/rounded/order.ts';
import { type Rules, rules } from '../../src/executors/rounded/rules.ts';
import { input, item, read } from '../../src/tensor/input.ts';
import { constantLike } from '../../src/tensor/operand.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { exp } from '../../src/tensor/primitives/exp.ts';
import { type PrimitiveName, primitives } from '../../src/tensor/primitives/index.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { rng } from '../../src/tensor/random.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { table } from '../support/primitives/table.ts';
import { cases } from '../support/property.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const of = (on: Executor<Float64Array>, ...x: number[]): Value => input(on as Executor, x, [x.length]);
/** The results of a computation, one for each seed. */
const results = (f: (on: Executor<Float64Array>) => Value, profile: Profile, count = 200): number[] =>
  Array.from({ length: count }, (_, seed) => item(f(rounded(profile, seed))));
const distinct = (numbers: readonly number[]): number => new Set(numbers).size;

describe.each([float32, float64])('the rounded executor in $name', (profile) => {
  it.each(Object.keys(table) as PrimitiveName[])('computes %s within its roundings', (name) => {
    const { uses, roundings = 16 } = table[name];
    fc.assert(
      fc.property(uses, seeds, (use, seed) => {
        const on = rounded(profile, seed) as Executor;
        const found = use.call(...use.operands.map(({ data, shape }) => input(on, data, shape)));
        const expected = use.naive(...use.operands);
        expect(found.shape).toEqual(expected.shape);
        expected.data.forEach((x, i) => {
          expect(Math.abs(read(found)[i]! - x)).toBeLessThanOrEqual(
            roundings * (profile.at.sum.u + 2 ** -53) * Math.abs(x),
          );
        });
        for (const x of read(found)) expect(profile.at.sum.round(x) + 0).toBe(x + 0);
      }),
      cases(30),
    );
  });

  it('gives equal results for equal seeds, and different results for others', () => {
    const numbers = [0, 1].map((half) => {
      const random = rng(half);
      return Array.from({ length: 40 }, () => profile.at.sum.round(random.normal()));
    });
    const f = (on: Executor<Float64Array>): Value => einsum('i,i->', of(on, ...numbers[0]!), of(on, ...numbers[1]!));
    expect(results(f, profile)).toEqual(results(f, profile));
    expect(distinct(results(f, profile))).toBeGreaterThan(5);
    const exactly = (on: Executor<Float64Array>): Value => sum(of(on, 1, 2, 3, 4, 5, 6, 7));
    expect(distinct(results(exactly, profile))).toBe(1);
  });

  it('has errors of up to the allowed ulps in functions, of both signs', () => {
    const errors = results((on) => exp(of(on, 0.5)), profile).map((x) => (x / Math.exp(0.5) - 1) / profile.at.sum.u);
    expect(Math.max(...errors)).toBeGreaterThanOrEqual(profile.functions.exp.units / 2);
    expect(Math.min(...errors)).toBeLessThanOrEqual(-profile.functions.exp.units / 2);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(profile.functions.exp.units + 1);
  });

  it('perturbs tables as far as their slack allows, and rounds other constants to nearest', () => {
    const constant = (slack?: () => number) => (on: Executor<Float64Array>) =>
      constantLike(of(on, 0), Float64Array.of(0.1), [1], slack);
    expect(new Set(results(constant(), profile))).toEqual(new Set([profile.at.sum.round(0.1)]));
    const errors = results(
      constant(() => 5),
      profile,
    ).map((x) => Math.abs(x - 0.1) / profile.at.sum.u);
    expect(Math.max(...errors)).toBeGreaterThan(4);
    expect(Math.max(...errors)).toBeLessThanOrEqual(5);
  });
});

describe('the rounded executor', () => {
  it('has a rule for every primitive; the compiler reports a missing rule', () => {
    expect(Object.keys(rules).sort()).toEqual(Object.keys(primitives).sort());
    const { exp: _, ...incomplete } = rules;
    // @ts-expect-error a table without exp
    const table: Rules = incomplete;
    expect('exp' in table).toBe(false);
  });

  it.each([
    ['sequential', 0, 2],
    ['reversed', 2, 4],
    ['tree', 2, 2],
  ] as const)('adds in %s order', (order, first, second) => {
    // 2²⁵ + 1 rounds to 2²⁵
    const on = rounded(float32, 1, { order, fused: false });
    expect(item(sum(of(on, 1, 1, 2 ** 25, -(2 ** 25))))).toBe(first);
    expect(item(sum(of(on, 2 ** 25, 1, -(2 ** 25), 1, 1)))).toBe(second);
  });

  it('includes every summand in every order, and is exact on exact sums', () => {
    for (const order of orders) {
      for (let n = 0; n <= 9; n++) {
        const on = rounded(float32, n, { order });
        const numbers = Array.from({ length: n }, (_, i) => 2 ** i);
        expect(item(sum(of(on, ...numbers)))).toBe(2 ** n - 1);
      }
    }
  });

  it('uses fused multiply-add or rounds the product first', () => {
    const x = 1 + 2 ** -12;
    const dot = (fused: boolean): number => {
      const on = rounded(float32, 3, { order: 'sequential', fused });
      return item(einsum('i,i->', of(on, -1, x), of(on, 1 + 2 ** -11, x)));
    };
    expect(dot(true)).toBe(2 ** -24);
    expect(dot(false)).toBe(0);
  });

  it('rounds every result, and flushes some underflows but not others', () => {
    expect(new Set(results((on) => add(of(on, 1), of(on, 2 ** -24)), float32))).toEqual(new Set([1]));
    expect(new Set(results((on) => mul(of(on, 2 ** -100), of(on, 2 ** -40)), float32))).toEqual(
      new Set([0, 2 ** -140]),
    );
    expect(results((on) => mul(of(on, 2 ** 100), of(on, 2 ** 100)), float32)[0]).toBe(Number.POSITIVE_INFINITY);
    expect(distinct(results((on) => scale(of(on, 3), 1 / 3), float32))).toBeLessThanOrEqual(2);
  });

  it('exceeds a bound divided by four, so the tests of bounds can fail', () => {
    const random = rng(1);
    const ratios = Array.from({ length: 300 }, (_, seed) => {
      const numbers = Array.from({ length: 3 }, () => Math.fround(random.normal()));
      const run = (on: Executor): Value => sum(mul(input(on, numbers, [3]), input(on, numbers, [3])));
      const reference = run(bounded(float32) as Executor);
      return Math.abs(item(run(rounded(float32, seed) as Executor)) - item(run(f64))) / boundOf(reference)[0]!;
    });
    expect(Math.max(...ratios)).toBeGreaterThan(0.25);
    expect(Math.max(...ratios)).toBeLessThanOrEqual(1);
  });
});
