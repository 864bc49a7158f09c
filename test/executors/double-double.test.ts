/** @file Double-double arithmetic has its digits: checked against integers of 1,400 bits. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DoubleDouble,
  dd,
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
  times,
} from '../support/double-double/numbers.ts';
import { fixed, phiSeries } from '../support/exact.ts';
import { cases } from '../support/property.ts';

const bits = 1400;
/** The sum of both halves in units of 2⁻¹⁴⁰⁰. */
const unitsOf = ({ hi, lo }: DoubleDouble): bigint => fixed(hi, bits) + fixed(lo, bits);
const sizeOf = (x: bigint): bigint => (x < 0n ? -x : x);
/** Whether two numbers agree to 29 digits. */
const isNear = (x: bigint, y: bigint): boolean => sizeOf(x - y) * 10n ** 29n <= sizeOf(y) + 10n ** 29n;

/** Zero, and numbers large enough that the low half of a product does not underflow. */
const numbers = fc.double({ min: -30, max: 30, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-100);
const sizes = fc.double({ min: 1e-9, max: 1e9, noNaN: true });

describe('double-double numbers', () => {
  it('add and multiply to 29 digits', () => {
    fc.assert(
      fc.property(numbers, numbers, (x, y) => {
        expect(isNear(unitsOf(plus(dd(x), dd(y))), fixed(x, bits) + fixed(y, bits))).toBe(true);
        expect(isNear(unitsOf(times(dd(x), dd(y))), (fixed(x, bits) * fixed(y, bits)) >> BigInt(bits))).toBe(true);
      }),
      cases(300),
    );
  });

  it('have exp and φ equal to their series in integers', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 3 }), (z, order) => {
        expect(isNear(unitsOf(exponential(dd(z))), phiSeries(z, 0, bits))).toBe(true);
        expect(isNear(unitsOf(phiOf(dd(z), order)), phiSeries(z, order, bits))).toBe(true);
      }),
      cases(300),
    );
  });

  it('have a reciprocal, an inverse root and a logarithm that invert their functions', () => {
    const unit = unitsOf(one);
    fc.assert(
      fc.property(sizes, (x) => {
        const root = inverseRoot(dd(x));
        expect(isNear(unitsOf(times(dd(x), inverse(dd(x)))), unit)).toBe(true);
        expect(isNear(unitsOf(times(dd(x), times(root, root))), unit)).toBe(true);
        expect(isNear(unitsOf(exponential(logarithm(dd(x)))), fixed(x, bits))).toBe(true);
      }),
      cases(300),
    );
  });

  it('have expm1, sigmoid and softplus consistent with exp', () => {
    const unit = unitsOf(one);
    fc.assert(
      fc.property(numbers, (x) => {
        const e = exponential(dd(x));
        // near 0 the difference loses digits; there expm1 is x φ_1(x), which another test checks
        if (Math.abs(x) > 1) expect(isNear(unitsOf(exponentialMinusOne(dd(x))), unitsOf(e) - unit)).toBe(true);
        // σ(x) (1 + e^{−x}) = 1, e^{softplus(x)} = 1 + e^x
        expect(isNear(unitsOf(times(sigmoidOf(dd(x)), plus(one, exponential(dd(-x))))), unit)).toBe(true);
        expect(isNear(unitsOf(exponential(softplusOf(dd(x)))), unitsOf(plus(one, e)))).toBe(true);
      }),
      cases(300),
    );
  });

  it('overflow and underflow as doubles do', () => {
    const infinite = dd(Number.NEGATIVE_INFINITY);
    expect(exponential(infinite)).toEqual(dd(0));
    expect(plus(infinite, one).hi).toBe(Number.NEGATIVE_INFINITY);
    expect(sigmoidOf(dd(-800)).hi).toBe(0);
    expect(softplusOf(dd(1e4)).hi).toBe(1e4);
    expect(minus(dd(1, 2 ** -60))).toEqual(dd(-1, -(2 ** -60)));
  });
});
