/** @file Functions of state space models against exact arithmetic, at every size of argument. */
import { describe, expect, it } from 'vitest';
import { vjp } from '../../src/autograd/vjp.ts';
import { f64, tensor } from '../../src/executors/f64/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { div } from '../../src/tensor/primitives/div.ts';
import { erfc } from '../../src/tensor/primitives/erfc.ts';
import { phi } from '../../src/tensor/primitives/phi.ts';
import { softplus } from '../../src/tensor/primitives/softplus.ts';
import { rng } from '../../src/tensor/random.ts';
import type { Value } from '../../src/tensor/value.ts';
import { erfcSeries, fixed, phiSeries, quotient } from '../support/exact.ts';

const { POSITIVE_INFINITY: inf, NaN: nan } = Number;
const random = rng(3);
const between = (low: number, high: number, count: number): number[] =>
  Array.from({ length: count }, () => low + (high - low) * random.uniform());

/** Arguments near 0, where formulas change, where e^x underflows and where it overflows. */
const hard = [
  ...[1e-300, 1e-20, 2 ** -53, 1e-8, 2 ** -4].flatMap((x) => [x, -x]),
  ...[1, 2, 3, 4, 5, 6].flatMap((x) => [x, -x, x * (1 + 2 ** -52), -x * (1 - 2 ** -53)]),
  ...[-1e4, -1e3, -746, -745, -700, -100, -37.5, 37.5, 100, 699, 701, 709, 709.8],
];
const arguments_ = [...hard, ...between(-8, 8, 200), ...between(-60, -8, 50), ...between(8, 60, 50)];

/** The number of bits for e^|x| with a thousand fractional bits. */
const bitsFor = (x: number): number => 1100 + Math.ceil(3 * Math.abs(x));
/** The worst relative error in units of 2⁻⁵³. */
function worst(f: (x: Value) => Value, xs: readonly number[], error: (x: number, y: number) => number): number {
  const ys = read(f(input(f64, xs, [xs.length])));
  return Math.max(...xs.map((x, i) => Math.abs(error(x, ys[i]!)) * 2 ** 53));
}

describe('phi', () => {
  const relative =
    (order: number) =>
    (z: number, y: number): number => {
      const bits = bitsFor(z);
      const truth = phiSeries(z, order, bits);
      return quotient(fixed(y, bits) - truth, truth);
    };

  it.each([1, 2, 3, 4, 5, 8, 12])('of order %i is within 3 units in the last place everywhere', (order) => {
    expect(worst((z) => phi(z, order), arguments_, relative(order))).toBeLessThanOrEqual(6);
  });

  it('has its limits', () => {
    expect(read(phi(tensor([0, -0, -inf, inf, nan]), 1))).toEqual(Float64Array.of(1, 1, 0, inf, nan));
    expect(read(phi(tensor([0, -inf, inf, nan]), 3))).toEqual(Float64Array.of(1 / 6, 0, inf, nan));
    // finite although e^z overflows
    expect(read(phi(tensor([712]), 1))[0]).toBeLessThan(inf);
  });

  it('has the slope ½ at 0, and for large −z the slope 1/z², up to the rounding of its terms of size 1/|z|', () => {
    const slope = (z: number): number => {
      const { pullback } = vjp((x) => phi(x, 1), tensor([z]));
      return read(pullback(tensor([1])))[0]!;
    };
    expect(slope(0)).toBe(0.5);
    for (const z of [-10, -100, -1e4]) {
      const bits = bitsFor(z);
      const truth = phiSeries(z, 1, bits) - phiSeries(z, 2, bits);
      expect(Math.abs(quotient(fixed(slope(z), bits) - truth, truth))).toBeLessThanOrEqual(8 * 2 ** -53 * Math.abs(z));
    }
  });
});

describe('softplus', () => {
  /** The relative error of y as softplus(x): `e^y / (1 + e^x) − 1`, divided by y. */
  const relative = (x: number, y: number): number => {
    const bits = bitsFor(x) + Math.ceil(3 * Math.abs(x));
    const one = 1n << BigInt(bits);
    const truth = one + phiSeries(x, 0, bits);
    return quotient((phiSeries(y, 0, bits) - truth) * one, truth * fixed(y, bits));
  };

  it('is within 2 units in the last place everywhere', () => {
    const seen = arguments_.filter((x) => x > -708);
    expect(worst(softplus, seen, relative)).toBeLessThanOrEqual(4);
  });

  it('has its limits', () => {
    const [nearly, none, all, infinite, unknown] = read(softplus(tensor([-740, -1e4, 1e4, inf, nan])));
    expect(nearly).toBe(Math.exp(-740));
    expect([none, all, infinite, unknown]).toEqual([0, 1e4, inf, nan]);
    expect(read(softplus(tensor([-inf])))[0]).toBe(0);
  });
});

describe('erfc', () => {
  const relative = (x: number, y: number): number => {
    // the terms are as large as e^{x²}, the result as small as e^{−x²}
    const bits = 200 + Math.ceil(3 * x * x);
    const truth = erfcSeries(x, bits);
    return quotient(fixed(y, bits) - truth, truth);
  };

  it('is within 2½ units in the last place, also where it is tiny', () => {
    const seen = [...hard.filter((x) => Math.abs(x) < 26.5), ...between(-6, 6, 100), ...between(6, 26.5, 20)];
    expect(worst(erfc, seen, relative)).toBeLessThanOrEqual(5);
  });

  it('has its limits', () => {
    expect(read(erfc(tensor([0, -0, -inf, inf, nan, -6, 40])))).toEqual(Float64Array.of(1, 1, 2, 0, nan, 2, 0));
  });
});

describe('div', () => {
  it('rounds once, also where the reciprocal of the divisor rounds or overflows', () => {
    const [x, y] = [tensor([49, 1e-310, 1e308, 3, 1, 0, 6]), tensor([49, 1e-310, 1e308, 0.1, 0, 0, inf])];
    expect(read(div(x, y))).toEqual(Float64Array.of(1, 1, 1, 3 / 0.1, inf, nan, 0));
  });
});
