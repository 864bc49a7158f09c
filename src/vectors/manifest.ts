/** @file Reads the manifest.json of a family of vectors: the list of its cases. */
import { isCount, isObject, parseJson } from '../io/json.ts';
import { readBytes } from '../io/read-file.ts';
import { quoted, shown } from '../io/text.ts';
import { fail } from '../tensor/errors.ts';

/** The name of the listing in a family's folder. */
export const MANIFEST = 'manifest.json';

/** A manifest's entry of one tensor. */
export interface ListedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A manifest's entry of one case. */
export interface ListedCase {
  readonly family: string;
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: readonly ListedTensor[];
}

/** The cases a manifest lists. Throws one error on a manifest that is unreadable or has a field of a wrong type. */
export function readManifest(path: string): ListedCase[] {
  const manifest = parseJson(new TextDecoder().decode(readBytes(path)), path);
  if (!isObject(manifest)) fail(`${path}: is not a JSON object with family and cases; write it again`);
  const { family, cases, n_cases: count } = manifest;
  if (typeof family !== 'string' || family === '') fail(`${path}: family is ${shown(family)}; it is a name`);
  if (!Array.isArray(cases)) fail(`${path}: cases is ${shown(cases)}; it is a list of cases`);
  if (count !== undefined && count !== cases.length) {
    fail(`${path}: n_cases is ${shown(count)}, but ${cases.length} cases are listed; correct one of them`);
  }
  const listed = cases.map((entry, i) => listedCase(entry, family, `${path}: cases[${i}]`));
  unique(
    path,
    'case name',
    listed.map(({ name }) => name),
  );
  unique(
    path,
    'file',
    listed.map(({ file }) => file),
  );
  return listed;
}

function listedCase(entry: unknown, family: string, where: string): ListedCase {
  if (!isObject(entry))
    fail(`${where} is ${shown(entry)}; a case is an object with name, file, bytes, sha256 and tensors`);
  const { name, file, bytes, sha256, config, tensors } = entry;
  if (typeof name !== 'string' || name === '') fail(`${where}.name is ${shown(name)}; it is a name`);
  if (typeof file !== 'string' || !isPlainName(file)) {
    fail(`${where}.file is ${shown(file)}; it is the name of a .safetensors file in the same folder`);
  }
  if (!isCount(bytes)) fail(`${where}.bytes is ${shown(bytes)}; it is the file's size, an integer`);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256)) {
    fail(`${where}.sha256 is ${shown(sha256)}; it is 64 hexadecimal digits`);
  }
  if (!isObject(config)) fail(`${where}.config is ${shown(config)}; it is an object`);
  if (!Array.isArray(tensors)) fail(`${where}.tensors is ${shown(tensors)}; it is a list of name, dtype and shape`);
  const listed = tensors.map((tensor, i) => listedTensor(tensor, `${where}.tensors[${i}]`));
  unique(
    where,
    'tensor',
    listed.map((tensor) => tensor.name),
  );
  return { family, name, file, bytes, sha256: sha256.toLowerCase(), config, tensors: listed };
}

function listedTensor(entry: unknown, where: string): ListedTensor {
  const { name, dtype, shape } = isObject(entry) ? entry : {};
  if (typeof name !== 'string' || typeof dtype !== 'string' || !Array.isArray(shape) || !shape.every(isCount)) {
    fail(`${where} is ${shown(entry)}; it has a name, a dtype and a shape of integers ≥ 0`);
  }
  return { name, dtype, shape };
}

/** A file of this very folder: a listing must not lead anywhere else. */
const isPlainName = (file: string): boolean => /^[^/\\\0]+\.safetensors$/.test(file);

function unique(where: string, what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) fail(`${where}: the ${what} ${quoted(name)} is listed twice; remove one`);
    seen.add(name);
  }
}
