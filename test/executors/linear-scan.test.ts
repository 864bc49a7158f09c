/** @file Linear scans over many tokens: the f64 numbers against exact arithmetic, and bounds in every bracketing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, boundOf, float32, float64, type Profile, snap } from '../../src/executors/bounded/index.ts';
import { f64, tensor } from '../../src/executors/f64/index.ts';
import { bfloat16, bfloat16Everywhere, bfloat16State, float16State } from '../../src/executors/profiles/profile.ts';
import { rounded } from '../../src/executors/rounded/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { constantLike } from '../../src/tensor/operand.ts';
import { linearScan } from '../../src/tensor/primitives/linear-scan.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { stored } from '../../src/tensor/primitives/stored.ts';
import { transpose } from '../../src/tensor/primitives/transpose.ts';
import { type Rng, rng } from '../../src/tensor/random.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { largest, ratios, seeds, tryFunction } from '../support/bounded-trial.ts';
import { fixed, quotient } from '../support/exact.ts';
import { cases } from '../support/property.ts';

/** Ways to draw decays: near 0, near 1, of both signs, with resets, or growing. */
const decays: { readonly [kind: string]: (random: Rng) => number } = {
  'near 0': (random) => 2 ** -(random.integer(60) + 10),
  'near 1': (random) => 1 - 2 ** -(random.integer(50) + 3),
  signed: (random) => 2 * random.uniform() - 1,
  'with resets': (random) => (random.integer(5) === 0 ? 0 : random.uniform()),
  exact: (random) => [1, -1, 0.5][random.integer(3)]!,
  growing: (random) => 1 + random.uniform() * 4,
};
const kinds = Object.keys(decays);

const drawn = (draw: () => number, length: number, profile: Profile): Float64Array =>
  snap(profile, Float64Array.from({ length }, draw));

describe.each([float32, float64])('on numbers of $name', (profile) => {
  it.each(kinds)('the f64 states are within their share of the bound, with decays %s', (kind) => {
    let worst = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, t) => {
        const random = rng(seed);
        const a = drawn(() => decays[kind]!(random), t, profile);
        const b = drawn(() => random.normal() * 2 ** (random.integer(41) - 20), t, profile);
        const on = bounded(profile) as Executor;
        const h = linearScan(input(on, a, [t]), input(on, b, [t]), input(on, [1], []), 0);
        const share = 2 ** -53 / (profile.at.sum.u + 2 ** -53);
        // in units of 2⁻ᵇ, b = 200 (i + 1): each product with a decay adds 200 bits
        let truth = fixed(1, 200);
        read(h).forEach((x, i) => {
          const bits = 200 * (i + 2);
          truth = truth * fixed(a[i]!, 200) + fixed(b[i]!, bits);
          const error = Math.abs(quotient(fixed(x, bits) - truth, 1n << BigInt(bits)));
          const allowed = boundOf(h)[i]! * share;
          expect(error).toBeLessThanOrEqual(allowed);
          if (error > 0) worst = Math.max(worst, error / allowed);
        });
      }),
      cases(30),
    );
    // f32 numbers have few bits, so their sums can be exact in f64
    if (profile === float64) expect(worst).toBeGreaterThan(0.02);
  });

  it.each(kinds)('bounds of states and gradients hold in every bracketing, with decays %s', (kind) => {
    let worst = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 40 }), fc.boolean(), (seed, t, reverse) => {
        const random = rng(seed);
        const operand = (draw: () => number, shape: readonly number[]) => ({
          shape,
          data: [...drawn(draw, t * 2, profile).slice(0, shape.length === 1 ? 2 : t * 2)],
        });
        const wide = (): number => random.normal() * 2 ** (random.integer(11) - 5);
        const xs = [operand(() => decays[kind]!(random), [t, 2]), operand(wide, [t, 2]), operand(wide, [2])];
        const off = random.integer(2) === 0;
        const f = ([a, b, h0]: readonly Value[]): Value =>
          linearScan(off ? scale(a!, 1 / 3) : a!, off ? scale(b!, 1.1) : b!, h0!, 0, { reverse });
        const found = largest(tryFunction(f, xs, operand(wide, [t, 2]), profile, seed));
        expect(found).toBeLessThanOrEqual(1);
        worst = Math.max(worst, found);
      }),
      cases(60),
    );
    expect(worst).toBeGreaterThan(0.02);
  });
});

describe('scans that store each state', () => {
  const role = 'state';

  it.each(kinds.flatMap((kind) => [bfloat16State, float16State, bfloat16Everywhere].map((at) => ({ kind, at }))))(
    'are within their bounds at $at.name, with decays $kind',
    ({ kind, at }) => {
      let alone = 0;
      fc.assert(
        fc.property(seeds, fc.integer({ min: 1, max: 20 }), fc.boolean(), (seed, t, reverse) => {
          const random = rng(seed);
          const operand = (draw: () => number, shape: readonly number[]) => ({
            shape,
            data: [...drawn(draw, shape.length === 1 ? 2 : t * 2, at)],
          });
          const xs = [
            operand(() => decays[kind]!(random), [t, 2]),
            operand(random.normal, [t, 2]),
            operand(random.normal, [2]),
          ];
          const ct = operand(random.normal, [t, 2]);
          const scan = ([a, b, h0]: readonly Value[]): Value => linearScan(a!, b!, h0!, 0, { reverse, role });
          expect(largest(tryFunction(scan, xs, ct, at, seed))).toBeLessThanOrEqual(1);
          const on = (executor: Executor): Value[] => xs.map(({ data, shape }) => input(executor, data, shape));
          const [a, b, h0] = on(bounded(at) as Executor) as [Value, Value, Value];
          const once = linearScan(a, b, h0, 0, { reverse });
          const found = scan(on(rounded(at, seed) as Executor));
          alone = Math.max(alone, largest(ratios(found, stored(once, role))));
        }),
        cases(20),
      );
      // storing after every token errs more than storing the last state
      if (kind === 'near 1') expect(alone).toBeGreaterThan(1.5);
    },
  );

  it('have the bounds of other scans where the format of states is no coarser', () => {
    const on = bounded(bfloat16) as Executor;
    const [a, b, h0] = [input(on, [0.75, 0.375], [2]), input(on, [1, 3], [2]), input(on, [5], [])];
    expect(boundOf(linearScan(a, b, h0, 0, { role }))).toEqual(boundOf(linearScan(a, b, h0, 0)));
  });

  it('are infinite from the token where a state may overflow its format', () => {
    const on = bounded(float16State) as Executor;
    const x = (...data: number[]): Value => input(on, data, [data.length]);
    const found = boundOf(linearScan(x(1, 1, 0, 1), x(0, 60_000, 1, 0), input(on, [10_000], []), 0, { role }));
    expect([...found].map(Number.isFinite)).toEqual([true, false, false, false]);
  });
});

describe('bounds of scans', () => {
  const on = bounded(float32) as Executor;
  const { u, tiny } = float32.at.sum;
  const of = (...x: number[]): Value => input(on, x, [x.length]);
  const bounds = (a: Value, b: Value, h0 = 1): number[] => [...boundOf(linearScan(a, b, input(on, [h0], []), 0))];
  const unit = u + 2 ** -53;
  function expectBound(found: number, expected: number): void {
    expect(found).toBeGreaterThanOrEqual(expected * (1 - 1e-12));
    expect(found).toBeLessThanOrEqual(expected * 1.001 + 2 ** 20 * tiny);
  }

  it('count a rounding for each decay and for each addition of a nonzero number', () => {
    const [first, second, third] = bounds(of(0.5, 0.25, 3), of(1, 0, 1));
    expectBound(first!, 2 * unit * 1.5);
    expectBound(second!, 3 * unit * 0.375);
    expectBound(third!, 5 * unit * 2.125);
    expect(bounds(of(1, 0, -1), of(0, 5, 0))).toEqual([0, 0, 0]);
  });

  it('restart where a decay is exactly 0', () => {
    const [, reset, next] = bounds(of(0.5, 0, 0.5), of(7, 3, 1));
    expect(reset).toBe(0);
    expectBound(next!, 2 * unit * 2.5);
  });

  it('propagate the errors of decays, inputs and the initial state', () => {
    const off = (x: number, e: number, shape: readonly number[] = [1]): Value =>
      constantLike(of(0), Float64Array.of(x), shape, () => e / unit);
    const [found] = boundOf(linearScan(off(2, 0.125), off(-1, 0.25), off(3, 0.5, []), 0));
    expectBound(found!, 2 * 0.5 + 0.125 * 3.5 + 0.25);
  });

  it('are infinite from the token where products of decays can overflow in some bracketing', () => {
    const a = of(...Array.from({ length: 6 }, () => 2 ** 30));
    const b = of(...Array.from({ length: 6 }, () => 0));
    const found = bounds(a, b, 2 ** -100);
    expect(found.slice(0, 4).every(Number.isFinite)).toBe(true);
    expect(found.slice(4)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    // a product of decays may overflow before the reset, and 0 · ∞ is NaN
    const reset = bounds(of(2 ** 100, 2 ** 100, 0, 0.5), of(0, 0, 1, 1));
    expect(reset.slice(1)).toEqual([1, 1, 1].map(() => Number.POSITIVE_INFINITY));
  });

  it('reject a fault of 8 · n · u · cond in a correct result, where n is the number of summands', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 64 }), (seed, t) => {
        const random = rng(seed);
        const a = drawn(() => 2 * random.uniform() - 1, t, float32);
        const b = drawn(random.normal, t, float32);
        const run = (executor: Executor, abs = (x: number): number => x): Value =>
          linearScan(input(executor, a.map(abs), [t]), input(executor, b.map(abs), [t]), input(executor, [1], []), 0);
        const [reference, right] = [run(on), read(run(rounded(float32, seed) as Executor))];
        const size = read(run(f64 as Executor, Math.abs));
        const i = random.integer(t);
        const fault = 8 * (i + 2) * u * size[i]!;
        expect(Math.abs(right[i]! + fault - read(reference)[i]!)).toBeGreaterThan(boundOf(reference)[i]!);
      }),
      cases(100),
    );
  });
});

describe('scans', () => {
  it('give the same results along any axis', () => {
    const random = rng(5);
    const values = (...shape: number[]): Value =>
      input(f64, Float64Array.from({ length: shape.reduce((n, length) => n * length, 1) }, random.normal), shape);
    const [a, b, h0] = [values(7, 3, 5), values(7, 3, 5), values(3, 5)];
    for (const reverse of [false, true]) {
      const first = linearScan(a, b, h0, 0, { reverse });
      for (const axis of [1, 2]) {
        const order = axis === 1 ? [1, 0, 2] : [1, 2, 0];
        const moved = linearScan(transpose(a, order), transpose(b, order), h0, axis, { reverse });
        expect(read(moved)).toEqual(read(transpose(first, order)));
      }
    }
  });

  it('are empty without tokens, and reset at a decay of e^−∞', () => {
    expect(read(linearScan(tensor([]), tensor([]), tensor(3), 0))).toEqual(Float64Array.of());
    const a = tensor([1, Math.exp(Number.NEGATIVE_INFINITY), 0.5]);
    expect(read(linearScan(a, tensor([1, 2, 3]), tensor(1e300), 0))).toEqual(Float64Array.of(1e300, 2, 4));
  });
});
