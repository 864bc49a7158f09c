import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { formatSafetensors, parseSafetensors } from '../../src/io/safetensors.ts';
import { openTensors } from '../../src/io/safetensors-file.ts';
import { InputError } from '../../src/tensor/errors.ts';

/** Builds a file with the given header text and number of data bytes. */
function fileOf(header: string | Uint8Array, dataBytes: number, announced?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, announced ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (begin: unknown, end: unknown, shape: unknown = [1], dtype: unknown = 'F64'): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

const malformed: [what: string, message: string, bytes: Uint8Array][] = [
  ['an empty file', '0 bytes are no safetensors file', new Uint8Array(0)],
  ['seven bytes', '7 bytes are no safetensors file', new Uint8Array(7)],
  ['a header longer than the file', 'announces a header of 3 bytes, but 2 bytes follow', fileOf('{}', 0, 3n)],
  ['a header over 100 MB', 'the format allows 100000000', fileOf('{}', 0, 100_000_001n)],
  ['a header of 2⁶⁴ − 1 bytes', 'announces a header of 18446744073709551615', fileOf('{}', 0, 2n ** 64n - 1n)],
  ['a header of no bytes', 'the header is not JSON', fileOf('', 0)],
  ['a header that is not JSON', 'the header is not JSON', fileOf('{"a": }', 0)],
  ['a header cut off', 'the header is not JSON', fileOf(`{"a": ${entry(0, 8)}`, 8)],
  ['a header that is not UTF-8', 'the header is not UTF-8', fileOf(Uint8Array.of(0x7b, 0xff, 0x7d), 0)],
  ['a header that is a list', 'the header is not a JSON object', fileOf('[]', 0)],
  ['a header that is null', 'the header is not a JSON object', fileOf('null', 0)],
  ['a tensor that is a number', 'tensor "a" is not an object', fileOf('{"a": 1}', 0)],
  ['a dtype that is a number', 'has dtype 8; a dtype is a name', fileOf(`{"a": ${entry(0, 1, [1], 8)}}`, 1)],
  ['an unknown dtype beyond the file', 'ends at byte 2', fileOf(`{"a": ${entry(0, 2, [1], 'F4')}}`, 1)],
  ['no dtype', 'has dtype missing', fileOf('{"a": {"shape": [], "data_offsets": [0, 8]}}', 8)],
  ['a shape that is a number', 'has shape 1; a shape is', fileOf(`{"a": ${entry(0, 8, 1)}}`, 8)],
  ['a negative axis', 'has shape [-1]', fileOf(`{"a": ${entry(0, 8, [-1])}}`, 8)],
  ['an axis of -0', 'has shape ["-0"]', fileOf('{"a": {"dtype":"F64","shape":[-0],"data_offsets":[0,0]}}', 0)],
  [
    'an offset of -0',
    'has data_offsets ["-0",8]',
    fileOf('{"a": {"dtype":"F64","shape":[1],"data_offsets":[-0,8]}}', 8),
  ],
  ['a fractional axis', 'has shape [0.5]', fileOf(`{"a": ${entry(0, 4, [0.5])}}`, 4)],
  ['an axis as text', 'has shape ["1"]', fileOf(`{"a": ${entry(0, 8, ['1'])}}`, 8)],
  ['an axis of 1e999', 'has shape [null]', fileOf('{"a": {"dtype":"F64","shape":[1e999],"data_offsets":[0,8]}}', 8)],
  ['a size beyond 2⁵³', 'more bytes than any file has', fileOf(`{"a": ${entry(0, 8, [2 ** 40, 2 ** 40])}}`, 8)],
  ['a size beyond doubles', 'more bytes than any', fileOf(`{"a": ${entry(0, 8, new Array(99).fill(2 ** 52))}}`, 8)],
  ['no offsets', 'has data_offsets missing', fileOf('{"a": {"dtype": "F64", "shape": []}}', 8)],
  ['one offset', 'has data_offsets [0]', fileOf('{"a": {"dtype": "F64", "shape": [], "data_offsets": [0]}}', 8)],
  ['a negative offset', 'has data_offsets [-8,0]', fileOf(`{"a": ${entry(-8, 0)}}`, 8)],
  ['an end before the beginning', 'ends at byte 0, before it begins at 8', fileOf(`{"a": ${entry(8, 0)}}`, 8)],
  ['an offset out of range', 'ends at byte 16 of the data, which has 8', fileOf(`{"a": ${entry(0, 16, [2])}}`, 8)],
  ['data cut off', 'ends at byte 8 of the data, which has 7', fileOf(`{"a": ${entry(0, 8)}}`, 7)],
  ['offsets unlike the shape', 'that is 24 bytes, its data_offsets span 8', fileOf(`{"a": ${entry(0, 8, [3])}}`, 8)],
  [
    'overlapping tensors',
    'tensor "b" begins at byte 4, inside tensor "a", which ends at 8',
    fileOf(`{"b": ${entry(4, 12)}, "a": ${entry(0, 8)}}`, 12),
  ],
  ['two names for the same bytes', 'inside tensor "a"', fileOf(`{"a": ${entry(0, 8)}, "b": ${entry(0, 8)}}`, 8)],
  ['a gap', 'leaving a gap after tensor "a"', fileOf(`{"a": ${entry(0, 8)}, "b": ${entry(16, 24)}}`, 24)],
  ['a gap at the start', 'leaving a gap after the header', fileOf(`{"a": ${entry(8, 16)}}`, 16)],
  ['bytes after the last tensor', '5 bytes follow the last tensor', fileOf(`{"a": ${entry(0, 8)}}`, 13)],
  ['a name twice', 'has the name "a" twice', fileOf(`{"a": ${entry(0, 8)}, "\\u0061": ${entry(8, 16)}}`, 16)],
  ['metadata that is a list', '__metadata__ is not an object', fileOf('{"__metadata__": []}', 0)],
  ['metadata of numbers', '__metadata__ "seed" is not a text', fileOf('{"__metadata__": {"seed": 1}}', 0)],
];

const folder = mkdtempSync(join(tmpdir(), 'densessm-malformed-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a malformed file', () => {
  it.each(malformed)('%s is refused', (_, message, bytes) => {
    expect(() => parseSafetensors(bytes, 'dir/x.safetensors')).toThrow(InputError);
    expect(() => parseSafetensors(bytes, 'dir/x.safetensors')).toThrow(message);
    expect(() => parseSafetensors(bytes, 'dir/x.safetensors')).toThrow(/^dir\/x\.safetensors: [^\n]{10,400}$/);
    const path = join(folder, 'x.safetensors');
    writeFileSync(path, bytes);
    expect(() => openTensors(path)).toThrow(message);
  });

  it('is refused when it has become shorter since its header was read', () => {
    const path = join(folder, 'cut.safetensors');
    writeFileSync(path, formatSafetensors(new Map([['x', { dtype: 'F64', shape: [2], data: [1, 2] }]])));
    const { tensors } = openTensors(path);
    expect([...tensors.get('x')!.read()]).toEqual([1, 2]);
    truncateSync(path, statSync(path).size - 3);
    expect(() => tensors.get('x')!.read()).toThrow('it has changed, read it again');
  });

  it('is refused with one short line, even if its names are long', () => {
    const name = JSON.stringify('\n'.repeat(100_000));
    const bytes = fileOf(`{${name}: ${entry(0, 8, new Array(50_000).fill(1.5))}}`, 8);
    expect(() => parseSafetensors(bytes, 'x')).toThrow(/^[^\n]{10,600}$/);
  });
});

describe('mutated files', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('are read or refused, with no array longer than the file', () => {
    const good = formatSafetensors(
      new Map([
        ['in/x', { dtype: 'F64', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }],
        ['in/ids', { dtype: 'I32', shape: [4], data: [1, 2, 3, 4] }],
        ['out/y_f32', { dtype: 'F32', shape: [0, 7], data: [] }],
        ['out/z', { dtype: 'BF16', shape: [3], data: [1, 2, 3] }],
      ]),
      new Map([['family', 'f']]),
    );
    let longest = 0;
    vi.stubGlobal(
      'Float64Array',
      new Proxy(Float64Array, {
        construct(target, args) {
          longest = Math.max(longest, Number(args[0]));
          return Reflect.construct(target, args);
        },
      }),
    );
    const place = fc.nat({ max: good.length - 1 });
    const numbers = ['-1', '0', '1', '7', '1.5', '1e9', '4294967296', '9007199254740993', '1e400', 'null', '[]', '"8"'];
    const mutation = fc.oneof(
      fc.tuple(place, fc.nat({ max: 255 })).map(
        ([at, byte]) =>
          (bytes: Uint8Array) =>
            bytes.with(at % bytes.length, byte),
      ),
      place.map((at) => (bytes: Uint8Array) => bytes.slice(0, at)),
      place.map((at) => (bytes: Uint8Array) => Uint8Array.of(...bytes, ...good.subarray(at))),
      fc.tuple(place, fc.constantFrom(...numbers)).map(
        ([at, by]) =>
          (bytes: Uint8Array) =>
            withNumber(bytes, at, by),
      ),
    );
    let refused = 0;
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        const bytes = mutations.reduce((file, mutate) => (file.length === 0 ? file : mutate(file)), good);
        longest = 0;
        try {
          const { tensors } = parseSafetensors(bytes, 'x');
          for (const { shape, data } of tensors.values()) {
            expect(data.length).toBe(shape.reduce((product, length) => product * length, 1));
          }
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(InputError);
          expect((error as Error).message).toMatch(/^x: [^\n]{10,600}$/);
        }
        expect(longest).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});

/** Replaces one number in the header of a file, and corrects the header length. */
function withNumber(bytes: Uint8Array, at: number, by: string): Uint8Array {
  if (bytes.length < 9) return bytes;
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const numbers = [...header.matchAll(/\d+/g)];
  const number = numbers[at % Math.max(numbers.length, 1)];
  if (number === undefined) return bytes;
  const changed = header.slice(0, number.index) + by + header.slice(number.index + number[0].length);
  const file = fileOf(changed, Math.max(bytes.length - 8 - length, 0));
  file.set(bytes.subarray(8 + length), file.length - Math.max(bytes.length - 8 - length, 0));
  return file;
}
