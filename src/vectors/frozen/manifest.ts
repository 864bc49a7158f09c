/** @file Describes and reads the manifest of a folder of vectors that `densessm vectors write` has written. */
import { isCount, isObject, parseJson } from '../../io/json.ts';
import { shown } from '../../io/text.ts';
import { fail } from '../../tensor/errors.ts';

/** The version of the vectors: of what the numbers, the bounds and the format mean. `adapters/vectors/CHANGELOG.md` tells them apart. */
export const vectorsVersion = '1.0.0';

/** What a manifest says it is, and the version of that. */
export const manifestSchema = { schema: 'densessm/vectors-manifest', version: 1 } as const;

/** A tensor of an answer: one or several types, and a shape. */
export interface FrozenTensor {
  /** `out/…` or `grad/…`. */
  readonly name: string;
  /** The types that an answer may have. */
  readonly types: readonly string[];
  readonly shape: readonly number[];
  /** The period of numbers that mean the same after whole periods. */
  readonly period?: number;
}

/** A case of a folder of vectors. */
export interface FrozenEntry {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly operator: string;
  /** A mode, with `/packed` or `/padded` where sequences have unequal lengths. */
  readonly mode: string;
  readonly type: string;
  /** The paper's equations that the operator computes. */
  readonly equations: readonly number[];
  /** The file of the definition, where the paper has no numbered equation. */
  readonly definition?: string;
  /** The profiles whose right implementations are within the bounds. */
  readonly profiles: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
  /** The seed and path by which `densessm check` asks the case. */
  readonly seed: number;
  readonly path: string;
  /** The names of the known faults that the case catches, of those that `faults` describes. */
  readonly catches: readonly string[];
  readonly tensors: readonly FrozenTensor[];
}

/** A folder's manifest. */
export interface FrozenManifest {
  readonly schema: string;
  readonly version: number;
  /** The version of the vectors. */
  readonly vectors: string;
  readonly preset: string;
  readonly seed: number;
  /** The part of the set that the folder has: `1/1` for all of it. */
  readonly shard: string;
  /** A sentence for each fault that a case catches, by operator and name. */
  readonly faults: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly cases: readonly FrozenEntry[];
}

const isText = (x: unknown): x is string => typeof x === 'string' && x !== '';
const areTexts = (x: unknown): x is string[] => Array.isArray(x) && x.every(isText);
const areTextsByName = (x: unknown): boolean => isObject(x) && Object.values(x).every(isText);

/** A test of a field, and what it must be. */
type Rule = readonly [is: (x: unknown) => boolean, says: string];

const text: Rule = [isText, 'a text'];
const count: Rule = [isCount, 'an integer from 0 on'];

/** The fields of a manifest, of a case and of a tensor; a name with `?` may be absent. */
const rules = {
  manifest: {
    vectors: [(x) => isText(x) && /^\d+\.\d+\.\d+$/.test(x), 'a version such as 1.0.0'],
    preset: text,
    seed: count,
    shard: [(x) => isText(x) && /^\d+\/\d+$/.test(x), 'a part such as 1/1'],
    faults: [
      (x) => isObject(x) && Object.values(x).every(areTextsByName),
      'an object of sentences by operator and name',
    ],
    cases: [(x) => Array.isArray(x) && x.length > 0, 'a list of at least one case'],
  },
  case: {
    file: [(x) => isText(x) && /^[\w-]+\.safetensors$/.test(x), 'the name of a .safetensors file in the same folder'],
    bytes: count,
    sha256: [(x) => isText(x) && /^[0-9a-f]{64}$/.test(x), '64 hexadecimal digits'],
    operator: text,
    mode: text,
    type: text,
    equations: [(x) => Array.isArray(x) && x.every(isCount), 'a list of numbers of equations'],
    'definition?': text,
    profiles: [areTexts, 'a list of names'],
    settings: [isObject, 'an object'],
    seed: count,
    path: text,
    catches: [areTexts, 'a list of names'],
    tensors: [(x) => Array.isArray(x) && x.length > 0, 'a list of at least one tensor'],
  },
  tensor: {
    name: [(x) => isText(x) && /^(out|grad)\/./.test(x), 'a name that begins with out/ or grad/'],
    types: [(x) => areTexts(x) && x.length > 0, 'a list of types'],
    shape: [(x) => Array.isArray(x) && x.every(isCount), 'a list of lengths'],
    'period?': [(x) => typeof x === 'number' && x > 0, 'a number above 0'],
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Rule>>>>;

/** Throws unless a part of a manifest has the fields of its rules, and no others. */
function obey(part: unknown, own: Readonly<Record<string, Rule>>, where: string, others: readonly string[] = []): void {
  if (!isObject(part)) fail(`${where} is ${shown(part)}; it is an object`);
  const names = Object.keys(own).map((name) => name.replace('?', ''));
  const odd = Object.keys(part).find((name) => !names.includes(name) && !others.includes(name));
  if (odd !== undefined) fail(`${where} has the field ${shown(odd)}, which none has; write the folder again`);
  for (const [key, [is, says]] of Object.entries(own)) {
    const name = key.replace('?', '');
    if (key.endsWith('?') && part[name] === undefined) continue;
    if (!is(part[name])) fail(`${where}: ${name} is ${shown(part[name])}; it is ${says}. Write the folder again`);
  }
}

/** Reads a manifest. Throws one error on text that is none, on a wrong field, and on a file that is listed twice. */
export function parseManifest(json: string, path: string): FrozenManifest {
  const parsed = parseJson(json, path);
  if (!isObject(parsed) || parsed.schema !== manifestSchema.schema)
    fail(`${path}: is no manifest of written vectors; densessm vectors write makes one`);
  const manifest = parsed as unknown as FrozenManifest;
  if (manifest.version !== manifestSchema.version)
    fail(`${path}: is of version ${shown(manifest.version)}; this densessm reads version ${manifestSchema.version}`);
  obey(manifest, rules.manifest, path, Object.keys(manifestSchema));
  const files = new Set<string>();
  for (const [i, entry] of manifest.cases.entries()) {
    obey(entry, rules.case, `${path}: cases[${i}]`);
    for (const [n, tensor] of entry.tensors.entries()) obey(tensor, rules.tensor, `${path}: cases[${i}].tensors[${n}]`);
    if (files.has(entry.file)) fail(`${path}: ${entry.file} is listed twice; write the folder again`);
    files.add(entry.file);
  }
  return manifest;
}
