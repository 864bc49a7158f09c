/** @file Decodes 16-bit floats exactly, and encodes them rounded once, to even. JavaScript has no arrays for them. */

/** The numbers of exponent and fraction bits, 15 together; the sign has the last bit. */
export interface FloatFormat {
  readonly exponentBits: number;
  readonly fractionBits: number;
}

export const float16: FloatFormat = { exponentBits: 5, fractionBits: 10 };
export const bfloat16: FloatFormat = { exponentBits: 8, fractionBits: 7 };

const bits64 = new DataView(new ArrayBuffer(8));

/** The number that 16 bits encode. */
export function decodeShort(bits: number, { exponentBits, fractionBits }: FloatFormat): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const field = (bits & 0x7fff) >> fractionBits;
  const fraction = bits & (2 ** fractionBits - 1);
  const most = 2 ** exponentBits - 1;
  if (field === most) return fraction === 0 ? sign * Infinity : NaN;
  const significand = field === 0 ? fraction : fraction + 2 ** fractionBits;
  return sign * significand * 2 ** (leastExponent(exponentBits) + Math.max(field, 1) - 1 - fractionBits);
}

/** The 16 bits of the nearest number, ties to even. Overflow gives infinity. */
export function encodeShort(x: number, { exponentBits, fractionBits }: FloatFormat): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const infinite = (2 ** exponentBits - 1) * 2 ** fractionBits;
  if (Number.isNaN(x)) return infinite + 2 ** (fractionBits - 1);
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
