/** @file Counts the numbers of a type between two numbers: units in the last place. */

/** The bits of a significand, and the exponent of the smallest normal number. */
const formats = {
  F32: { bits: 24, least: -126 },
  F16: { bits: 11, least: -14 },
  BF16: { bits: 8, least: -126 },
} as const;

/** The place of a double among all doubles in order; both zeros have the place 0. */
function placeOfDouble(x: number): bigint {
  const bits = new BigInt64Array(new Float64Array([x]).buffer)[0]!;
  return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) : bits;
}

/** The exponent of a double. */
const exponentOf = (x: number): number => ((new Uint32Array(new Float64Array([x]).buffer)[1]! >>> 20) & 0x7ff) - 1023;

/** The place of a number among those of a type; between two of them it is a fraction. */
function placeIn({ bits, least }: (typeof formats)[keyof typeof formats], x: number): number {
  const exponent = Math.max(least, exponentOf(x));
  const place = (exponent - least) * 2 ** (bits - 1) + Math.abs(x) / 2 ** (exponent - bits + 1);
  return x < 0 ? -place : place;
}

/** How many numbers of a type b is above a; NaN if one of them is NaN and the other is not. In types other than F64 it may be a fraction. */
export function ulpsBetween(a: number, b: number, type: string = 'F64'): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Number.NaN;
  if (a === b) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a < b ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const format = formats[type as keyof typeof formats];
  return format === undefined ? Number(placeOfDouble(b) - placeOfDouble(a)) : placeIn(format, b) - placeIn(format, a);
}
