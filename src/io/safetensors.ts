/** @file Reads and writes the safetensors format: a JSON header, then raw little-endian numbers. */
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';
import { checkShape, type Shape, show, sizeOf } from '../tensor/shape.ts';
import { codecOf, type DType, dtypeNames, isDType, readNumbers, writeNumbers } from './dtypes.ts';
import { type Entry, METADATA, readHeader } from './safetensors-header.ts';
import { quoted } from './text.ts';

/** A tensor of a file: row-major numbers. Doubles hold every stored type exactly. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** The contents of a safetensors file. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
  /** The reason for each tensor that was not read: a type unknown here, or integers that doubles do not hold. */
  readonly skipped: ReadonlyMap<string, string>;
}

/** A tensor to be written. Floats are rounded to the stored type, integers must fit it. */
export interface TensorToStore {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/**
 * Reads a safetensors file; `name` stands for it in errors. Throws one InputError on a file that is cut off, overlong or
 * not one, on tensors that overlap, leave gaps or disagree with their shape, and on repeated names. A tensor whose numbers cannot be
 * read is listed in `skipped`. Memory is allocated for what the file holds, never for what it announces.
 * @example
 * const bytes = formatSafetensors(new Map([['x', { dtype: 'F16', shape: [2], data: [1, 2] }]]));
 * parseSafetensors(bytes, 'x.safetensors').tensors.get('x')?.shape // [2]
 */
export function parseSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const { entries, metadata, dataStart } = readHeader(bytes, bytes.length, name);
  const tensors = new Map<string, StoredTensor>();
  const skipped = new Map<string, string>();
  for (const entry of entries) {
    const tensor = readTensor(entry, bytes.subarray(dataStart + entry.begin, dataStart + entry.end));
    if (typeof tensor === 'string') skipped.set(entry.name, tensor);
    else tensors.set(entry.name, tensor);
  }
  return { tensors, metadata, skipped };
}

/** Reads a safetensors file as {@link parseSafetensors} does, and throws where it has a tensor that cannot be read. */
export function parseWhole(bytes: Uint8Array, name: string): Safetensors {
  const file = parseSafetensors(bytes, name);
  for (const [tensor, reason] of file.skipped) fail(`${name}: tensor ${quoted(tensor)} ${reason}`);
  return file;
}

/** The reason why a stored type cannot be read, or null. */
export const unreadable = (dtype: string): string | null =>
  isDType(dtype) ? null : `has dtype ${quoted(dtype)}; readable are ${dtypeNames.join(', ')}: convert it`;

/** The tensor of an entry, from its bytes, or the reason why it cannot be read. */
export function readTensor({ dtype, shape }: Entry, bytes: Uint8Array): StoredTensor | string {
  const reason = unreadable(dtype);
  if (reason !== null) return reason;
  const type = dtype as DType;
  const data = readNumbers(type, bytes);
  const wrong = dtype === 'I64' || dtype === 'U64' ? data.findIndex((n) => !Number.isSafeInteger(n)) : -1;
  if (wrong >= 0) return `holds ${data[wrong]} at element ${wrong}, beyond 2^53: store it as F64`;
  return { dtype: type, shape, data };
}

/**
 * The bytes of a safetensors file. Data is laid out by falling element size, so that every tensor is aligned. Throws on unknown
 * types, on numbers that do not fill their shape, and on integers that do not fit their type.
 */
export function formatSafetensors(
  tensors: ReadonlyMap<string, TensorToStore>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const offsets = new Map<string, [begin: number, end: number]>();
  let length = 0;
  for (const [name, tensor] of bySize(tensors)) {
    checkTensor(name, tensor);
    const begin = length;
    length += tensor.data.length * codecOf(tensor.dtype).bytes;
    offsets.set(name, [begin, length]);
  }
  const header = encodeHeader(tensors, offsets, metadata);
  const bytes = new Uint8Array(8 + header.length + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  for (const [name, { dtype, data }] of tensors) {
    writeNumbers(dtype, data, bytes.buffer, 8 + header.length + offsets.get(name)![0]);
  }
  return bytes;
}

function bySize(tensors: ReadonlyMap<string, TensorToStore>): [string, TensorToStore][] {
  const bytesOf = ({ dtype }: TensorToStore): number => (isDType(dtype) ? codecOf(dtype).bytes : 0);
  return [...tensors].sort(([, a], [, b]) => bytesOf(b) - bytesOf(a));
}

function encodeHeader(
  tensors: ReadonlyMap<string, TensorToStore>,
  offsets: ReadonlyMap<string, readonly [number, number]>,
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  const fields: [string, unknown][] = [...tensors].map(([name, { dtype, shape }]) => [
    name,
    { dtype, shape, data_offsets: offsets.get(name) },
  ]);
  if (metadata.size > 0) fields.unshift([METADATA, Object.fromEntries(metadata)]);
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  padded.set(text);
  return padded;
}

function checkTensor(name: string, { dtype, shape, data }: TensorToStore): void {
  const call = `formatSafetensors: tensor ${quoted(name)}`;
  if (name === METADATA) fail(`${call}: the name is that of the texts; rename the tensor`);
  if (!isDType(dtype))
    fail(`${call}: dtype is ${String(dtype)}; use one of ${dtypeNames.join(', ')}${didYouMean(dtype, dtypeNames)}`);
  checkShape(call, shape);
  if (data.length !== sizeOf(shape)) {
    fail(`${call}: ${data.length} numbers do not fill shape ${show(shape)}, which holds ${sizeOf(shape)}`);
  }
  const { range } = codecOf(dtype);
  if (range === undefined) return;
  for (let i = 0; i < data.length; i++) {
    const n = data[i]!;
    if (!Number.isInteger(n) || n < range[0] || n > range[1]) {
      fail(`${call}: element ${i} is ${n}; ${dtype} holds integers from ${range[0]} to ${range[1]}`);
    }
  }
}
