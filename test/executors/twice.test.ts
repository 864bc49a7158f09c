/** @file Numbers of twice the digits: that they have them, and that every operator is the same with them. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixed, phiSeries } from '../support/exact.ts';
import { cases } from '../support/property.ts';
import {
  exponential,
  exponentialMinusOne,
  inverse,
  inverseRoot,
  logarithm,
  minus,
  one,
  phiOf,
  plus,
  sigmoidOf,
  softplusOf,
  type Twice,
  times,
  twice,
} from '../support/twice/numbers.ts';

const bits = 1400;
/** Both halves in units of 2⁻¹⁴⁰⁰. */
const unitsOf = ({ hi, lo }: Twice): bigint => fixed(hi, bits) + fixed(lo, bits);
const sizeOf = (x: bigint): bigint => (x < 0n ? -x : x);
/** Thirty digits. */
const isNear = (x: bigint, y: bigint): boolean => sizeOf(x - y) * 10n ** 29n <= sizeOf(y) + 10n ** 29n;

/** Numbers whose products still have a second half. */
const numbers = fc.double({ min: -30, max: 30, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-100);
const sizes = fc.double({ min: 1e-9, max: 1e9, noNaN: true });

describe('twice the digits', () => {
  it('of sums and products are exact where they fit', () => {
    fc.assert(
      fc.property(numbers, numbers, (x, y) => {
        expect(isNear(unitsOf(plus(twice(x), twice(y))), fixed(x, bits) + fixed(y, bits))).toBe(true);
        expect(isNear(unitsOf(times(twice(x), twice(y))), (fixed(x, bits) * fixed(y, bits)) >> BigInt(bits))).toBe(
          true,
        );
      }),
      cases(300),
    );
  });

  it('of exp and φ are those of their series in integers', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 3 }), (z, order) => {
        expect(isNear(unitsOf(exponential(twice(z))), phiSeries(z, 0, bits))).toBe(true);
        expect(isNear(unitsOf(phiOf(twice(z), order)), phiSeries(z, order, bits))).toBe(true);
      }),
      cases(300),
    );
  });

  it('of inverses undo what they are the inverses of', () => {
    const unit = unitsOf(one);
    fc.assert(
      fc.property(sizes, (x) => {
        const root = inverseRoot(twice(x));
        expect(isNear(unitsOf(times(twice(x), inverse(twice(x)))), unit)).toBe(true);
        expect(isNear(unitsOf(times(twice(x), times(root, root))), unit)).toBe(true);
        expect(isNear(unitsOf(exponential(logarithm(twice(x)))), fixed(x, bits))).toBe(true);
      }),
      cases(300),
    );
  });

  it('of expm1, sigmoid and softplus are those of exp', () => {
    const unit = unitsOf(one);
    fc.assert(
      fc.property(numbers, (x) => {
        const e = exponential(twice(x));
        // near 0 the difference has fewer digits; there it is x φ_1(x), which has a test of its own
        if (Math.abs(x) > 1) expect(isNear(unitsOf(exponentialMinusOne(twice(x))), unitsOf(e) - unit)).toBe(true);
        // σ(x) (1 + e^{−x}) = 1, e^{softplus(x)} = 1 + e^x
        expect(isNear(unitsOf(times(sigmoidOf(twice(x)), plus(one, exponential(twice(-x))))), unit)).toBe(true);
        expect(isNear(unitsOf(exponential(softplusOf(twice(x)))), unitsOf(plus(one, e)))).toBe(true);
      }),
      cases(300),
    );
  });

  it('end where doubles end', () => {
    const infinite = twice(Number.NEGATIVE_INFINITY);
    expect(exponential(infinite)).toEqual(twice(0));
    expect(plus(infinite, one).hi).toBe(Number.NEGATIVE_INFINITY);
    expect(sigmoidOf(twice(-800)).hi).toBe(0);
    expect(softplusOf(twice(1e4)).hi).toBe(1e4);
    expect(minus(twice(1, 2 ** -60))).toEqual(twice(-1, -(2 ** -60)));
  });
});
