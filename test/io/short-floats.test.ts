import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bfloat16, decodeShort, encodeShort, float8e4m3, float8e5m2, float16 } from '../../src/io/short-floats.ts';

describe.each([
  ['F16', float16, { one: 0x3c00, largest: 65504, least: 2 ** -24 }],
  ['BF16', bfloat16, { one: 0x3f80, largest: 255 * 2 ** 120, least: 2 ** -133 }],
])('%s', (_, format, { one, largest, least }) => {
  const finite = (bits: number): boolean => Number.isFinite(decodeShort(bits, format));

  it('encodes every number of the format as itself', () => {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      const x = decodeShort(bits, format);
      if (Number.isNaN(x)) expect(decodeShort(encodeShort(x, format), format)).toBeNaN();
      else expect(encodeShort(x, format)).toBe(bits);
    }
  });

  it('has the correct special values: ±1, the least, the largest, infinity and −0', () => {
    expect(decodeShort(one, format)).toBe(1);
    expect(decodeShort(one | 0x8000, format)).toBe(-1);
    expect(decodeShort(1, format)).toBe(least);
    expect(encodeShort(largest, format)).toBe(encodeShort(Infinity, format) - 1);
    expect(encodeShort(largest * 2, format)).toBe(encodeShort(Infinity, format));
    expect(encodeShort(-0, format)).toBe(0x8000);
  });

  it('rounds to nearest, ties to even', () => {
    const positive = fc.integer({ min: 0, max: encodeShort(largest, format) - 1 });
    fc.assert(
      fc.property(positive, fc.double({ min: 0, max: 1, noNaN: true }), (bits, part) => {
        const [low, high] = [decodeShort(bits, format), decodeShort(bits + 1, format)];
        const x = low + (high - low) * part;
        const got = encodeShort(x, format);
        const [below, above] = [x - low, high - x];
        const wanted = below === above ? bits + (bits % 2) : below < above ? bits : bits + 1;
        return got === wanted && finite(got);
      }),
    );
    const half = (decodeShort(one, format) + decodeShort(one + 1, format)) / 2;
    expect(encodeShort(half, format)).toBe(one);
  });
});

// every number of both formats, by the definition of the Open Compute Project: sign, exponent, fraction
describe.each([
  ['F8_E5M2', float8e5m2, 57344, 0x7c],
  ['F8_E4M3', float8e4m3, 448, 0x7f],
])('%s', (_, format, largest, overflow) => {
  it('encodes every number of the format as itself, and rounds between two to the nearest, ties to even', () => {
    for (let bits = 0; bits < 256; bits++) {
      const x = decodeShort(bits, format);
      if (!Number.isNaN(x)) expect(encodeShort(x, format)).toBe(bits);
    }
    for (let bits = 0; decodeShort(bits, format) < largest; bits++) {
      const [low, high] = [decodeShort(bits, format), decodeShort(bits + 1, format)];
      expect(encodeShort((low + high) / 2, format)).toBe(bits + (bits % 2));
      expect(encodeShort(low + 0.51 * (high - low), format)).toBe(bits + 1);
    }
  });

  it('has the correct special values', () => {
    const { exponentBits, fractionBits } = format;
    const least = 2 ** (2 - 2 ** (exponentBits - 1) - fractionBits);
    expect(decodeShort(1, format)).toBe(least);
    expect(decodeShort(0x81, format)).toBe(-least);
    expect(encodeShort(largest, format)).toBe(overflow - 1);
    expect(encodeShort(2 * largest, format)).toBe(overflow);
    expect(encodeShort(-0, format)).toBe(0x80);
    expect(decodeShort(encodeShort(NaN, format), format)).toBeNaN();
    expect(decodeShort(overflow, format)).toBe(format.hasInfinity ? Infinity : NaN);
  });
});
