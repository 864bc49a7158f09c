import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecOf, type DType } from '../../src/io/dtypes.ts';
import { formatSafetensors, parseSafetensors, parseWhole, type TensorToStore } from '../../src/io/safetensors.ts';
import { InputError } from '../../src/tensor/errors.ts';

/** Draws numbers that a stored type represents exactly. */
const numbersOf: Record<DType, fc.Arbitrary<number>> = {
  F64: fc.double(),
  F32: fc.float(),
  F16: fc.constantFrom(0, -0, 1, -2.5, 65504, 2 ** -24, Infinity, -Infinity, NaN),
  BF16: fc.constantFrom(0, -0, 1, -2.5, 2 ** 127, 2 ** -133, Infinity, -Infinity, NaN),
  F8_E5M2: fc.constantFrom(0, -0, 1, -2.5, 57344, 2 ** -16, Infinity, -Infinity, NaN),
  F8_E4M3: fc.constantFrom(0, -0, 1, -2.5, 448, 2 ** -9, NaN),
  I64: fc.maxSafeInteger(),
  I32: fc.integer(),
  I16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  I8: fc.integer({ min: -128, max: 127 }),
  U64: fc.maxSafeNat(),
  U32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  U16: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
  U8: fc.integer({ min: 0, max: 255 }),
  BOOL: fc.integer({ min: 0, max: 1 }),
};

const tensorOf = (dtype: DType): fc.Arbitrary<TensorToStore> =>
  fc.array(fc.nat({ max: 4 }), { maxLength: 3 }).chain((shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return fc
      .array(numbersOf[dtype], { minLength: size, maxLength: size })
      .map((data) => ({ dtype, shape, data: /^B?F/.test(dtype) ? data : data.map((n) => n + 0) }));
  });

const name = fc
  .oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'toString', '0', 'out/é'))
  .filter((text) => text !== '__metadata__');
const tensors = fc.uniqueArray(
  fc.tuple(name, fc.constantFrom(...(Object.keys(numbersOf) as DType[])).chain(tensorOf)),
  { selector: ([key]) => key, maxLength: 6 },
);

describe('formatSafetensors and parseSafetensors', () => {
  it('restore the written tensors, at any offset of the bytes in memory', () => {
    const metadata = fc.uniqueArray(fc.tuple(name, fc.string()), { selector: ([key]) => key, maxLength: 3 });
    fc.assert(
      fc.property(tensors, metadata, fc.nat({ max: 9 }), (entries, texts, offset) => {
        const bytes = formatSafetensors(new Map(entries), new Map(texts));
        const shifted = new Uint8Array(bytes.length + offset + 3).subarray(offset, offset + bytes.length);
        shifted.set(bytes);
        const back = parseSafetensors(shifted, 'file');
        expect(back.tensors.size).toBe(entries.length);
        for (const [key, { dtype, shape, data }] of entries) {
          expect(back.tensors.get(key)).toEqual({ dtype, shape, data: Float64Array.from(data) });
        }
        expect(new Map(back.metadata)).toEqual(new Map(texts));
      }),
    );
  });

  it('align every tensor', () => {
    fc.assert(
      fc.property(tensors, (entries) => {
        const bytes = formatSafetensors(new Map(entries));
        const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
        expect(length % 8).toBe(0);
        const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
        for (const [key, { dtype }] of entries) {
          expect(Object.getOwnPropertyDescriptor(header, key)!.value.data_offsets[0] % codecOf(dtype).bytes).toBe(0);
        }
      }),
    );
  });

  it('skip a tensor of an unknown type, and integers that doubles do not hold, with the reasons', () => {
    const entries = {
      new: { dtype: 'F4', shape: [3], data_offsets: [0, 2] },
      x: { dtype: 'I8', shape: [2], data_offsets: [2, 4] },
      far: { dtype: 'U64', shape: [1], data_offsets: [4, 12] },
      object: { dtype: 'toString', shape: [], data_offsets: [12, 13] },
    };
    const header = new TextEncoder().encode(JSON.stringify(entries));
    const bytes = new Uint8Array(8 + header.length + 13).fill(0xff, -13);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(header, 8);
    const { tensors, skipped } = parseSafetensors(bytes, 'file');
    expect([...tensors]).toEqual([['x', { dtype: 'I8', shape: [2], data: Float64Array.of(-1, -1) }]]);
    expect([...skipped.keys()]).toEqual(['new', 'far', 'object']);
    expect(skipped.get('new')).toContain('has dtype "F4"; readable are F64');
    expect(skipped.get('far')).toContain('beyond 2^53');
    expect(() => parseWhole(bytes, 'file')).toThrow('file: tensor "new" has dtype "F4"');
  });

  it('write the little-endian bytes of the format', () => {
    const bytes = formatSafetensors(new Map([['x', { dtype: 'F32', shape: [2], data: [1, -2] }]]));
    expect([...bytes.subarray(-8)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
    const text = '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    expect(new TextDecoder().decode(bytes.subarray(8, -8)).trimEnd()).toBe(text);
  });

  it('round floats to the stored type', () => {
    const stored = (dtype: DType): number =>
      parseSafetensors(formatSafetensors(new Map([['x', { dtype, shape: [], data: [0.1] }]])), 'file').tensors.get('x')!
        .data[0]!;
    expect(stored('F32')).toBe(Math.fround(0.1));
    expect(stored('F16')).toBe(1638 / 2 ** 14);
    expect(stored('BF16')).toBe(205 / 2 ** 11);
  });

  it.each<[string, string, TensorToStore]>([
    [
      'numbers that do not fill the shape',
      '3 numbers do not fill shape [2]',
      { dtype: 'F64', shape: [2], data: [1, 2, 3] },
    ],
    ['a fraction as an integer', 'element 1 is 0.5; I32', { dtype: 'I32', shape: [2], data: [1, 0.5] }],
    ['an integer too large', 'element 0 is 256; U8', { dtype: 'U8', shape: [1], data: [256] }],
    ['a negative number without a sign', 'element 0 is -1; U16', { dtype: 'U16', shape: [1], data: [-1] }],
    ['2 as a truth value', 'element 0 is 2; BOOL', { dtype: 'BOOL', shape: [1], data: [2] }],
    ['an integer too large for doubles', 'I64 holds integers', { dtype: 'I64', shape: [1], data: [2 ** 53] }],
    ['a negative axis length', 'has the axis length -1', { dtype: 'F64', shape: [-1], data: [] }],
    ['an unknown type', 'dtype is F8', { dtype: 'F8' as DType, shape: [], data: [1] }],
  ])('refuse %s', (_, message, tensor) => {
    expect(() => formatSafetensors(new Map([['x', tensor]]))).toThrow(InputError);
    expect(() => formatSafetensors(new Map([['x', tensor]]))).toThrow(message);
  });

  it('refuse a tensor with the name of the metadata', () => {
    const tensor: TensorToStore = { dtype: 'F64', shape: [], data: [1] };
    expect(() => formatSafetensors(new Map([['__metadata__', tensor]]))).toThrow('rename the tensor');
  });
});
