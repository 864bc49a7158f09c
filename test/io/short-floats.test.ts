import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bfloat16, decodeShort, encodeShort, float16 } from '../../src/io/short-floats.ts';

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
