/** @file Reads one file of vectors, checks it against its manifest and identifies it. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isObject, parseJson } from '../io/json.ts';
import { readBytes } from '../io/read-file.ts';
import { parseWhole, type Safetensors, type StoredTensor } from '../io/safetensors.ts';
import { plain, quoted, shown } from '../io/text.ts';
import { fail, InputError } from '../tensor/errors.ts';
import { sameShape } from '../tensor/shape.ts';
import type { VectorFile } from './discover.ts';
import { type ListedCase, MANIFEST } from './manifest.ts';

/** A case with all its tensors, the expected ones too. */
export interface LoadedCase {
  readonly family: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Disagreements of the file with its manifest. */
  readonly problems: readonly string[];
}

/**
 * Reads a case. Throws one error on a file that is not the one its manifest describes (size, sha256), that is no
 * safetensors file, or that does not say which family and configuration it is of.
 */
export function loadCase({ path, listed }: VectorFile): LoadedCase {
  const bytes = readBytes(path);
  if (listed !== null) checkDigest(bytes, listed, path);
  const file = parseWhole(bytes, path);
  const text = (field: string): string | null => file.metadata.get(field) ?? null;
  const config = configOf(text('config'), path);
  const family = listed?.family ?? text('family') ?? unnamed(path, 'family');
  const name = listed?.name ?? text('case') ?? basename(path, '.safetensors');
  const problems: string[] = [];
  if (listed !== null) {
    for (const [field, said] of [
      ['family', family],
      ['case', name],
    ] as const) {
      const meant = text(field) ?? said;
      if (meant !== said)
        problems.push(`${path}: ${MANIFEST} says ${field} ${quoted(said)}, the file ${quoted(meant)}`);
    }
    if (config !== null && !isDeepStrictEqual(config, listed.config)) {
      problems.push(`${path}: the config in ${MANIFEST} differs from the one in the file; they must be the same`);
    }
    problems.push(...disagreements(file, listed, path));
  }
  return { family, name, config: config ?? listed?.config ?? unnamed(path, 'config'), tensors: file.tensors, problems };
}

function unnamed(path: string, field: string): never {
  return fail(`${path}: has no ${field} in its __metadata__ and no ${MANIFEST} gives it; add it to the file`);
}

function configOf(text: string | null, path: string): Record<string, unknown> | null {
  if (text === null) return null;
  const config = parseJson(text, `${path}: the config in __metadata__`);
  return isObject(config) ? config : fail(`${path}: the config in __metadata__ is not a JSON object; write it as one`);
}

/** Throws unless a file has the size and the hash that its manifest lists. */
export function checkDigest(bytes: Uint8Array, listed: Pick<ListedCase, 'bytes' | 'sha256'>, path: string): void {
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (bytes.length === listed.bytes && digest === listed.sha256) return;
  const difference =
    bytes.length === listed.bytes
      ? `has sha256 ${digest}, ${MANIFEST} says ${listed.sha256}: it was changed or damaged`
      : `has ${bytes.length} bytes, ${MANIFEST} says ${listed.bytes}: it was cut off or changed`;
  fail(`${path}: ${difference}; fetch it again${malformation(bytes)}`);
}

/** The message of the format's own checks for a file that is known to be wrong. */
function malformation(bytes: Uint8Array): string {
  try {
    parseWhole(bytes, 'its contents');
    return '';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return ` (${error.message})`;
  }
}

function disagreements({ tensors }: Safetensors, listed: ListedCase, path: string): string[] {
  const lines: string[] = [];
  for (const { name, dtype, shape } of listed.tensors) {
    const stored = tensors.get(name);
    if (stored === undefined) lines.push(`${path}: lacks tensor ${quoted(name)}, which ${MANIFEST} lists`);
    else if (stored.dtype !== dtype || !sameShape(stored.shape, shape)) {
      const held = `${stored.dtype} ${shown(stored.shape)}`;
      lines.push(`${path}: tensor ${quoted(name)} is ${held}, ${MANIFEST} says ${plain(dtype, 40)} ${shown(shape)}`);
    }
  }
  const names = new Set(listed.tensors.map(({ name }) => name));
  for (const name of tensors.keys()) {
    if (!names.has(name)) lines.push(`${path}: has tensor ${quoted(name)}, which ${MANIFEST} does not list`);
  }
  return lines;
}
