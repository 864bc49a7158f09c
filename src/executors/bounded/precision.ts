/** @file How an implementation rounds, and the numbers it can hold. */
import { fail } from '../../tensor/errors.ts';

/** How an implementation rounds. */
export interface Precision {
  readonly name: string;
  /** Unit round-off: half the distance from 1 to the next number. */
  readonly u: number;
  /** What may be lost where a result underflows: the smallest normal number, as devices may flush to zero. */
  readonly tiny: number;
  /** The largest finite number: beyond it nothing is promised. */
  readonly largest: number;
  /** Error of exp, expm1, log, erf, rsqrt, sin and cos, in units of u of the result; sigmoid, softplus and phi are made of such. */
  readonly functions: number;
  /** The largest angle that sin and cos reduce without loss: larger ones may be off by {@link angleRoundings} first. */
  readonly angles: number;
  /** The nearest number of the format: ∞ beyond the largest, and 0 where a device may read 0. */
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

/** IEEE single precision, round to nearest, subnormals may be flushed; elementary functions within 4 ulp, sin and cos for |x| ≤ 12,000. */
export const float32: Precision = {
  name: 'f32',
  u: 2 ** -24,
  tiny: 2 ** -126,
  largest: (2 - 2 ** -23) * 2 ** 127,
  functions: 8,
  angles: 12_000,
  round: (x) => (Math.abs(x) < 2 ** -126 ? 0 : Math.fround(x)),
};

/** Of the error of an elementary function: sigmoid is an exp, an addition and a reciprocal, which counts twice. */
export const sigmoidRoundings = ({ functions }: Precision): number => functions + 3;
/** Softplus is an exp, a log1p, which hands on the error of the exp at most whole, and an addition. */
export const softplusRoundings = ({ functions }: Precision): number => 2 * functions + 1;
/** Phi is an expm1, and for each order a subtraction, a reciprocal and a product; where it cancels, a series is better. */
export const phiRoundings = ({ functions }: Precision, order: number): number => functions + 4 * order;
/** An angle beyond reach is reduced by a multiple of π/2 that is itself rounded, in units of u relative to the angle. */
export const angleRoundings = 8;
/** A device's reciprocal may be off by a whole unit in the last place, not only by half of it. */
export const reciprocalRoundings = 2;

/**
 * The numbers of a case as an implementation can hold them: rounded to nearest, those that it may read as 0 being 0. Both sides of
 * a comparison must get the same numbers, so cases are snapped before either sees them. Throws on numbers beyond the largest.
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
 * Whether a literal is the same number in every implementation: one of at most 24 bits is meant as it stands, a longer one is
 * already rounded. Infinities and NaN are.
 */
export const isExact = ({ round }: Precision, x: number): boolean =>
  Object.is(Math.fround(x), x) && Object.is(Math.abs(round(x)), Math.abs(x));
