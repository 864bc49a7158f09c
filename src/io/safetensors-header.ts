/** @file Reads the header of a safetensors file and checks it entry by entry, before any number is read. */
import { fail } from '../tensor/errors.ts';
import { codecOf, isDType } from './dtypes.ts';
import { isCount, isObject, parseJson } from './json.ts';
import { quoted, shown } from './text.ts';

/** The entry of a tensor, whose data are bytes `begin` to `end` after the header. The type may be one that is not readable. */
export interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The name of a header's texts. */
export const METADATA = '__metadata__';

/** The longest header that the format allows. */
const LONGEST_HEADER = 100_000_000;

const AGAIN = 'the file is damaged or was cut off: fetch or write it again';

/** Where the data of a file of `length` bytes begins, by its first 8. Throws where they announce no header that it can have. */
export function dataStartOf(start: Uint8Array, length: number, file: string): number {
  if (length < 8) fail(`${file}: ${length} bytes are no safetensors file, which begins with 8; ${AGAIN}`);
  const announced = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (announced > LONGEST_HEADER) {
    fail(`${file}: announces a header of ${announced} bytes; the format allows ${LONGEST_HEADER}; ${AGAIN}`);
  }
  const dataStart = 8 + Number(announced);
  if (dataStart > length) {
    fail(`${file}: announces a header of ${announced} bytes, but ${length - 8} bytes follow; ${AGAIN}`);
  }
  return dataStart;
}

/** What a header says. */
export interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly dataStart: number;
}

/**
 * Entries, texts, and where the data begins, from the beginning of a file of `length` bytes. Throws one error, which names the file, on
 * anything that is not a complete safetensors file whose tensors tile the bytes after the header.
 */
export function readHeader(bytes: Uint8Array, length: number, file: string): Header {
  const dataStart = dataStartOf(bytes, length, file);
  const header = parseJson(decodeText(bytes.subarray(8, dataStart), file), `${file}: the header`);
  if (!isObject(header)) fail(`${file}: the header is not a JSON object of tensors; write the file again`);
  const { [METADATA]: texts, ...tensors } = header;
  const entries = Object.entries(tensors).map(([name, entry]) => checkEntry(name, entry, file));
  checkTiling(entries, length - dataStart, file);
  return { entries, metadata: checkMetadata(texts, file), dataStart };
}

function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail(`${file}: the header is not UTF-8 text; ${AGAIN}`);
  }
}

function checkMetadata(texts: unknown, file: string): ReadonlyMap<string, string> {
  if (texts === undefined) return new Map();
  if (!isObject(texts)) fail(`${file}: ${METADATA} is not an object; it maps names to texts`);
  const metadata = new Map<string, string>();
  for (const [name, text] of Object.entries(texts)) {
    if (typeof text !== 'string') fail(`${file}: ${METADATA} ${quoted(name)} is not a text; store it as one`);
    metadata.set(name, text);
  }
  return metadata;
}

function checkEntry(name: string, entry: unknown, file: string): Entry {
  const where = `${file}: tensor ${quoted(name)}`;
  if (!isObject(entry)) fail(`${where} is not an object with dtype, shape and data_offsets; write the file again`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string') fail(`${where} has dtype ${shown(dtype)}; a dtype is a name, such as F32`);
  if (!isCounts(shape)) fail(`${where} has shape ${shown(shape)}; a shape is a list of integers ≥ 0`);
  if (!isCounts(offsets) || offsets.length !== 2) {
    fail(`${where} has data_offsets ${shown(offsets)}; they are two integers ≥ 0, begin and end`);
  }
  const [begin, end] = offsets as [number, number];
  if (end < begin) fail(`${where} ends at byte ${end}, before it begins at ${begin}; write the file again`);
  const size = isDType(dtype) ? shape.reduce((product, length) => product * length, codecOf(dtype).bytes) : null;
  if (size !== null && size !== end - begin) {
    const needs = Number.isSafeInteger(size) ? `${size} bytes` : 'more bytes than any file has';
    fail(`${where} is ${dtype} of shape ${shown(shape)}: that is ${needs}, its data_offsets span ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

function isCounts(x: unknown): x is number[] {
  return Array.isArray(x) && x.every(isCount);
}

/** Throws unless the tensors cover the data without gap or overlap: else two names could share bytes, or bytes could hide. */
function checkTiling(entries: readonly Entry[], length: number, file: string): void {
  let reached = 0;
  let before = 'the header';
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const where = `${file}: tensor ${quoted(name)}`;
    if (end > length) fail(`${where} ends at byte ${end} of the data, which has ${length}; ${AGAIN}`);
    if (begin < reached) fail(`${where} begins at byte ${begin}, inside ${before}, which ends at ${reached}`);
    if (begin > reached)
      fail(`${where} begins at byte ${begin}, leaving a gap after ${before}, which ends at ${reached}`);
    reached = end;
    before = `tensor ${quoted(name)}`;
  }
  if (reached < length)
    fail(`${file}: ${length - reached} bytes follow the last tensor; they belong to nothing: cut them`);
}
