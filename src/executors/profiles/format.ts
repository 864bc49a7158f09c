/** @file Defines floating-point formats: unit round-off, range, and rounding. */
import { fail } from '../../tensor/errors.ts';

/** A floating-point format, and how numbers are rounded to it. */
export interface Format {
  readonly name: string;
  /** The largest relative error of one rounding: half the distance from 1 to the next number, or all of it where digits are cut off. */
  readonly u: number;
  /** The largest absolute error of an underflow: the smallest normal number where devices may flush to 0, else the smallest number. */
  readonly tiny: number;
  /** The smallest normal number. A result that is at least this large did not underflow. */
  readonly normal: number;
  /** The largest finite number. */
  readonly largest: number;
  /** Rounds to a number of the format: to ∞ beyond the largest, to 0 where a device may flush to 0. */
  round(x: number): number;
}

const scratch = new DataView(new ArrayBuffer(8));

/** Keeps `bits` significant bits of a double: the nearest such number, ties to even; or, if `cuts`, the next one towards 0. */
function significant(x: number, bits: number, cuts: boolean): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  scratch.setFloat64(0, x);
  const exponent = ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
  const unit = 2 ** (exponent - bits + 1);
  const scaled = x / unit;
  if (cuts) return Math.trunc(scaled) * unit;
  const below = Math.floor(scaled);
  const rest = scaled - below;
  return (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below) * unit;
}

/** A format of `bits` significant bits with the exponents of single precision. Devices may flush its subnormal numbers. */
function short(name: string, bits: number, cuts = false): Format {
  const largest = (2 - 2 ** (1 - bits)) * 2 ** 127;
  return {
    name,
    u: cuts ? 2 ** (1 - bits) : 2 ** -bits,
    tiny: 2 ** -126,
    normal: 2 ** -126,
    largest,
    round(x) {
      if (Math.abs(x) < 2 ** -126) return 0;
      const y = significant(x, bits, cuts);
      return Math.abs(y) > largest ? Math.sign(y) * Number.POSITIVE_INFINITY : y;
    },
  };
}

/** IEEE double precision. */
export const f64Format: Format = {
  name: 'f64',
  u: 2 ** -53,
  tiny: 2 ** -1022,
  normal: 2 ** -1022,
  largest: Number.MAX_VALUE,
  round: (x) => x,
};

/** IEEE single precision, subnormal numbers flushed. */
export const f32Format: Format = {
  name: 'f32',
  u: 2 ** -24,
  tiny: 2 ** -126,
  normal: 2 ** -126,
  largest: (2 - 2 ** -23) * 2 ** 127,
  round: (x) => (Math.abs(x) < 2 ** -126 ? 0 : Math.fround(x)),
};

/** TF32: the exponents of single precision and 11 significant bits, rounded to nearest. */
export const tf32Format = short('tf32', 11);
/** TF32 as tensor cores read it from single precision: the last 13 bits are cut off. */
export const cutTf32Format = short('tf32 (cut off)', 11, true);
/** bfloat16: the exponents of single precision and 8 significant bits. */
export const bf16Format = short('bf16', 8);

/** IEEE half precision, with its subnormal numbers, which devices keep. */
export const f16Format: Format = {
  name: 'f16',
  u: 2 ** -11,
  tiny: 2 ** -24,
  normal: 2 ** -14,
  largest: 65504,
  round(x) {
    const y =
      Math.abs(x) < 2 ** -14
        ? Math.sign(x) * nearestInteger(Math.abs(x) * 2 ** 24) * 2 ** -24
        : significant(x, 11, false);
    return Math.abs(y) > 65504 ? Math.sign(y) * Number.POSITIVE_INFINITY : y;
  },
};

const nearestInteger = (x: number): number => {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
};

/**
 * Whether every number of `fine` that may arise from rounding to it can be rounded to `coarse` with an error. False if `coarse` is at
 * least as fine.
 */
export const isCoarser = (coarse: Format, fine: Format): boolean => coarse.u > fine.u;

/**
 * Whether a literal is the same number in every implementation. Literals of more than 24 significant bits may be rounded before use.
 * Infinities and NaN are exact.
 */
export const isExact = ({ round }: Format, x: number): boolean =>
  Object.is(Math.fround(x), x) && Object.is(Math.abs(round(x)), Math.abs(x));

/**
 * Rounds to numbers of a format: to nearest, and to 0 where a device may flush to 0. Throws on numbers beyond the largest.
 * @example
 * snapTo(f32Format, [1, 1 + 2 ** -30, 1e-40]) // [1, 1, 0]
 */
export function snapTo({ name, largest, round }: Format, data: ArrayLike<number>): Float64Array {
  const snapped = new Float64Array(data.length);
  for (let i = 0; i < snapped.length; i++) {
    const x = round(data[i]!);
    if (Math.abs(x) === Number.POSITIVE_INFINITY && Number.isFinite(data[i])) {
      fail(
        `snap: element ${i} is ${data[i]}, beyond ${largest}, the largest number of ${name}; scale the numbers down`,
      );
    }
    snapped[i] = x;
  }
  return snapped;
}
