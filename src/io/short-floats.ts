/** @file Decodes floats of 16 and 8 bits exactly, and encodes them rounded once, to even. JavaScript has no arrays for them. */

/** The numbers of exponent and fraction bits; the sign has the bit above them. */
export interface FloatFormat {
  readonly exponentBits: number;
  readonly fractionBits: number;
  /** False where the last exponent holds numbers like the others, and only the pattern of ones is NaN. */
  readonly hasInfinity: boolean;
}

export const float16: FloatFormat = { exponentBits: 5, fractionBits: 10, hasInfinity: true };
export const bfloat16: FloatFormat = { exponentBits: 8, fractionBits: 7, hasInfinity: true };
export const float8e5m2: FloatFormat = { exponentBits: 5, fractionBits: 2, hasInfinity: true };
export const float8e4m3: FloatFormat = { exponentBits: 4, fractionBits: 3, hasInfinity: false };

const bits64 = new DataView(new ArrayBuffer(8));

/** The number that the bits encode. */
export function decodeShort(bits: number, { exponentBits, fractionBits, hasInfinity }: FloatFormat): number {
  const signBit = 2 ** (exponentBits + fractionBits);
  const sign = bits & signBit ? -1 : 1;
  const field = (bits & (signBit - 1)) >> fractionBits;
  const fraction = bits & (2 ** fractionBits - 1);
  const most = 2 ** exponentBits - 1;
  if (field === most && hasInfinity) return fraction === 0 ? sign * Infinity : NaN;
  if (field === most && fraction === 2 ** fractionBits - 1) return NaN;
  const significand = field === 0 ? fraction : fraction + 2 ** fractionBits;
  return sign * significand * 2 ** (leastExponent(exponentBits) + Math.max(field, 1) - 1 - fractionBits);
}

/** The bits of the nearest number, ties to even. Overflow gives infinity, and NaN in a format that has none. */
export function encodeShort(x: number, { exponentBits, fractionBits, hasInfinity }: FloatFormat): number {
  const signBit = 2 ** (exponentBits + fractionBits);
  const sign = x < 0 || Object.is(x, -0) ? signBit : 0;
  const infinite = hasInfinity ? signBit - 2 ** fractionBits : signBit - 1;
  if (Number.isNaN(x)) return hasInfinity ? infinite + 2 ** (fractionBits - 1) : infinite;
  if (!Number.isFinite(x)) return sign + infinite;
  const least = leastExponent(exponentBits);
  bits64.setFloat64(0, Math.abs(x));
  const exponent = Math.max((bits64.getUint16(0) >> 4) - 1023, least);
  const significand = roundToEven(Math.abs(x) * 2 ** (fractionBits - exponent));
  // the hidden bit, and a carry out of the fraction, add one to the exponent field: no case distinction is needed
  return sign + Math.min(significand + (exponent - least) * 2 ** fractionBits, infinite);
}

/** Exponent of the smallest normal number. */
const leastExponent = (exponentBits: number): number => 2 - 2 ** (exponentBits - 1);

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
