/** @file Defines floating-point formats: unit round-off, range, and the accuracy of elementary functions. */
import { fail } from '../../tensor/errors.ts';

/** A floating-point format, and the accuracy of implementations in it. */
export interface Precision {
  readonly name: string;
  /** Unit round-off: half the distance from 1 to the next number. */
  readonly u: number;
  /** The smallest normal number. It bounds the error of an underflow, as devices may flush to zero. */
  readonly tiny: number;
  /** The largest finite number. Where a number may exceed it, the bound is ∞. */
  readonly largest: number;
  /** Error of exp, expm1, log, erf, rsqrt, sin and cos, in units of u of the result. Sigmoid, softplus and phi are composed of these. */
  readonly functions: number;
  /** The largest angle that sin and cos reduce without an error. Reducing a larger one adds up to `angleRoundings`. */
  readonly angles: number;
  /** Rounds to the nearest number of the format: to ∞ beyond the largest, to 0 where a device may flush to 0. */
  round(x: number): number;
}

/** IEEE double precision, rounded to nearest. Elementary functions are within 2 ulp. */
export const float64: Precision = {
  name: 'f64',
  u: 2 ** -53,
  tiny: 2 ** -1022,
  largest: Number.MAX_VALUE,
  functions: 4,
  angles: Number.MAX_VALUE,
  round: (x) => x,
};

/**
 * IEEE single precision, rounded to nearest; devices may flush subnormal numbers. Elementary functions are within 4 ulp, sin and cos
 * where |x| ≤ 12,000.
 */
export const float32: Precision = {
  name: 'f32',
  u: 2 ** -24,
  tiny: 2 ** -126,
  largest: (2 - 2 ** -23) * 2 ** 127,
  functions: 8,
  angles: 12_000,
  round: (x) => (Math.abs(x) < 2 ** -126 ? 0 : Math.fround(x)),
};

/** Roundings of sigmoid: an exp, an addition, and a reciprocal, which counts as two. */
export const sigmoidRoundings = ({ functions }: Precision): number => functions + 3;
/** Roundings of erfc. Device libraries are within 5 ulp in double precision, 4 in single precision, relative to its tail. */
export const erfcRoundings = ({ functions }: Precision): number => functions + 6;
/** Roundings of softplus: an exp, a log1p and an addition. The log1p passes on at most the error of the exp. */
export const softplusRoundings = ({ functions }: Precision): number => 2 * functions + 1;
/** Roundings of phi: an expm1, then a subtraction, a reciprocal and a product for each order. Where these cancel, use a series. */
export const phiRoundings = ({ functions }: Precision, order: number): number => functions + 4 * order;
/** Roundings, relative to the angle, when a large angle is reduced by a rounded multiple of π/2. */
export const angleRoundings = 8;
/** Roundings of a reciprocal: on a device its error may be a whole ulp, not only half of one. */
export const reciprocalRoundings = 2;
/**
 * Roundings of a quotient: of one division, or of a reciprocal and a product. The product is right only where the reciprocal is a
 * normal number of the format: for other divisors, an implementation must divide.
 */
export const quotientRoundings = reciprocalRoundings + 1;

/**
 * Rounds to numbers of the format: to nearest, and to 0 where a device may flush to 0. Use it on inputs, as both sides of a comparison
 * must get the same numbers. Throws on numbers beyond the largest.
 * @example
 * snap(float32, [1, 1 + 2 ** -30, 1e-40]) // [1, 1, 0]
 */
export function snap(precision: Precision, data: ArrayLike<number>): Float64Array {
  const snapped = Float64Array.from(data, precision.round);
  const at = snapped.findIndex((x, i) => Math.abs(x) === Number.POSITIVE_INFINITY && Number.isFinite(data[i]));
  if (at >= 0) {
    fail(
      `snap: element ${at} is ${data[at]}, beyond ${precision.largest}, the largest number of ${precision.name}; scale the numbers down`,
    );
  }
  return snapped;
}

/**
 * Whether a literal is the same number in every implementation. Literals of more than 24 significant bits may be rounded before use.
 * Infinities and NaN are exact.
 */
export const isExact = ({ round }: Precision, x: number): boolean =>
  Object.is(Math.fround(x), x) && Object.is(Math.abs(round(x)), Math.abs(x));
