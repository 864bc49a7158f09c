/** @file Reads and writes the number types of safetensors files, little-endian on every machine. */
import {
  bfloat16,
  decodeShort,
  encodeShort,
  type FloatFormat,
  float8e4m3,
  float8e5m2,
  float16,
} from './short-floats.ts';

interface Codec {
  readonly bytes: number;
  /** The typed array with the layout of the file on a little-endian machine. */
  readonly array?:
    | Float64ArrayConstructor
    | Float32ArrayConstructor
    | Int32ArrayConstructor
    | Int16ArrayConstructor
    | Int8ArrayConstructor
    | Uint32ArrayConstructor
    | Uint16ArrayConstructor
    | Uint8ArrayConstructor;
  /** Set for integers: their range. Floats are rounded when written, integers must fit. */
  readonly range?: readonly [least: number, most: number];
  read(view: DataView, at: number): number;
  write(view: DataView, at: number, x: number): void;
}

const short = (format: FloatFormat): Codec => ({
  bytes: 2,
  read: (view, at) => decodeShort(view.getUint16(at, true), format),
  write: (view, at, x) => view.setUint16(at, encodeShort(x, format), true),
});

const byte = (format: FloatFormat): Codec => ({
  bytes: 1,
  read: (view, at) => decodeShort(view.getUint8(at), format),
  write: (view, at, x) => view.setUint8(at, encodeShort(x, format)),
});

const unsignedByte = (most: number): Codec => ({
  bytes: 1,
  array: Uint8Array,
  range: [0, most],
  read: (view, at) => view.getUint8(at),
  write: (view, at, x) => view.setUint8(at, x),
});

/** A stored type that can be read and written. */
export type DType =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'F8_E5M2'
  | 'F8_E4M3'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL';

/** A codec for each stored type. I64 and U64 are read into doubles, which hold integers up to 2⁵³. BOOL is 0 or 1. */
export const codecs: Readonly<Record<DType, Codec>> = {
  F64: {
    bytes: 8,
    array: Float64Array,
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, x) => view.setFloat64(at, x, true),
  },
  F32: {
    bytes: 4,
    array: Float32Array,
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, x) => view.setFloat32(at, x, true),
  },
  F16: short(float16),
  BF16: short(bfloat16),
  F8_E5M2: byte(float8e5m2),
  F8_E4M3: byte(float8e4m3),
  I64: {
    bytes: 8,
    range: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    read: (view, at) => Number(view.getBigInt64(at, true)),
    write: (view, at, x) => view.setBigInt64(at, BigInt(x), true),
  },
  I32: {
    bytes: 4,
    array: Int32Array,
    range: [-(2 ** 31), 2 ** 31 - 1],
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, x) => view.setInt32(at, x, true),
  },
  I16: {
    bytes: 2,
    array: Int16Array,
    range: [-(2 ** 15), 2 ** 15 - 1],
    read: (view, at) => view.getInt16(at, true),
    write: (view, at, x) => view.setInt16(at, x, true),
  },
  I8: {
    bytes: 1,
    array: Int8Array,
    range: [-128, 127],
    read: (view, at) => view.getInt8(at),
    write: (view, at, x) => view.setInt8(at, x),
  },
  U64: {
    bytes: 8,
    range: [0, Number.MAX_SAFE_INTEGER],
    read: (view, at) => Number(view.getBigUint64(at, true)),
    write: (view, at, x) => view.setBigUint64(at, BigInt(x), true),
  },
  U32: {
    bytes: 4,
    array: Uint32Array,
    range: [0, 2 ** 32 - 1],
    read: (view, at) => view.getUint32(at, true),
    write: (view, at, x) => view.setUint32(at, x, true),
  },
  U16: {
    bytes: 2,
    array: Uint16Array,
    range: [0, 2 ** 16 - 1],
    read: (view, at) => view.getUint16(at, true),
    write: (view, at, x) => view.setUint16(at, x, true),
  },
  U8: unsignedByte(255),
  BOOL: unsignedByte(1),
};

/** The names of the stored types. */
export const dtypeNames: readonly string[] = Object.keys(codecs);

/** Whether a name is that of a stored type. */
export const isDType = (name: unknown): name is DType => typeof name === 'string' && Object.hasOwn(codecs, name);

/** The codec of a stored type. */
export const codecOf = (dtype: DType): Codec => codecs[dtype];

/** Whether a stored type holds integers. */
export const isInteger = (dtype: DType): boolean => codecOf(dtype).range !== undefined;

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes as the numbers of a stored type, in doubles. */
export function readNumbers(dtype: DType, bytes: Uint8Array): Float64Array {
  const codec = codecOf(dtype);
  const data = new Float64Array(bytes.length / codec.bytes);
  if (codec.array !== undefined && isLittleEndian) {
    // typed arrays need alignment, which data in a stream lacks, so bytes are copied; for F64 straight into the result
    const aligned = dtype === 'F64' ? data : new codec.array(data.length);
    new Uint8Array(aligned.buffer).set(bytes);
    if (aligned !== data) data.set(aligned);
    return data;
  }
  // a DataView reads at any alignment and in a fixed byte order
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < data.length; i++) data[i] = codec.read(view, i * codec.bytes);
  return data;
}

/** Writes numbers as a stored type from byte `at` on, a multiple of the type's size. */
export function writeNumbers(dtype: DType, data: ArrayLike<number>, buffer: ArrayBuffer, at: number): void {
  const codec = codecOf(dtype);
  if (codec.array !== undefined && isLittleEndian) {
    new codec.array(buffer, at, data.length).set(data);
    return;
  }
  const view = new DataView(buffer, at);
  for (let i = 0; i < data.length; i++) codec.write(view, i * codec.bytes, data[i]!);
}
