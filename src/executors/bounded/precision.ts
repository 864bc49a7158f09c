/** @file Floating-point formats: unit round-off, range, and the accuracy of elementary functions. */
import { fail } from '../../tensor/errors.ts';

/** A floating-point format, and the accuracy of implementations in it. */
export interface Precision {
  readonly name: string;
  /** Unit round-off: half the distance from 1 to the next number. */
  readonly u: number;
  /** The smallest normal number: the most that an underflow can lose, as devices may flush to zero. */
  readonly tiny: number;
  /** The largest finite number: beyond it there is no claim. */
  readonly largest: number;
  /** Error of exp, expm1, log, erf, rsqrt, sin and cos, in units of u of the result; sigmoid, softplus and phi are composed of these. */
  readonly functions: number;
  /** The largest angle that sin and cos reduce without loss; larger ones are off by up to `angleRoundings`. */
  readonly angles: number;
  /** Rounds to the nearest number of the format: ∞ beyond the largest, 0 where a device may flush to 0. */
  round(x: number): number;
}

/** IEEE double precision, round to nearest; elementary functions within 2 ulp. */
export const float64: Precision = {
  name: 'f64',
  u: 2 ** -53,
  tiny: 2 ** -1022,
  largest: Number.MAX_VALUE,
  functions: 4,
  angles: Number.MAX_VALUE,
  round: (x) => x,
};

/** IEEE single precision, round to nearest, subnormals may be flushed; elementary functions within 4 ulp, sin and cos where |x| ≤ 12,000. */
export const float32: Precision = {
  name: 'f32',
  u: 2 ** -24,
  tiny: 2 ** -126,
  largest: (2 - 2 ** -23) * 2 ** 127,
  functions: 8,
  angles: 12_000,
  round: (x) => (Math.abs(x) < 2 ** -126 ? 0 : Math.fround(x)),
};

/** Roundings of sigmoid: an exp, an addition and a reciprocal, which counts twice. */
export const sigmoidRoundings = ({ functions }: Precision): number => functions + 3;
/** Roundings of softplus: an exp, a log1p, which passes on at most the whole error of the exp, and an addition. */
export const softplusRoundings = ({ functions }: Precision): number => 2 * functions + 1;
/** Roundings of phi: an expm1, and for each order a subtraction, a reciprocal and a product; where these cancel, use a series. */
export const phiRoundings = ({ functions }: Precision, order: number): number => functions + 4 * order;
/** Roundings, relative to the angle, of reducing a large angle by a rounded multiple of π/2. */
export const angleRoundings = 8;
/** Roundings of a reciprocal: a device may be off by a whole unit in the last place, not only by half of it. */
export const reciprocalRoundings = 2;

/**
 * Rounds to numbers that an implementation can hold: to nearest, and to 0 where it may flush to 0. Both sides of a comparison
 * must get the same numbers, so inputs are snapped first. Throws on numbers beyond the largest.
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
 * Whether a literal is the same number in every implementation: one of at most 24 bits is exact, a longer one is already rounded.
 * Infinities and NaN are exact.
 */
export const isExact = ({ round }: Precision, x: number): boolean =>
  Object.is(Math.fround(x), x) && Object.is(Math.abs(round(x)), Math.abs(x));
