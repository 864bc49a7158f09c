/** @file Opens a folder of vectors that `densessm vectors write` has written, and compares its files with the manifest. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../../io/json.ts';
import { readBytes, statOf } from '../../io/read-file.ts';
import { parseWhole, type StoredTensor } from '../../io/safetensors.ts';
import { quoted } from '../../io/text.ts';
import { fail, InputError } from '../../tensor/errors.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import type { CaseReport, Report } from '../check.ts';
import type { TensorResult } from '../compare.ts';
import { checkDigest } from '../load.ts';
import { MANIFEST } from '../manifest.ts';
import { type FrozenEntry, type FrozenManifest, manifestSchema, parseManifest } from './manifest.ts';

const manifestIn = (folder: string): string => join(folder, MANIFEST);

/** Whether a folder has a manifest of written vectors, which may be damaged. */
export const isFrozen = (folder: string): boolean =>
  existsSync(manifestIn(folder)) &&
  new TextDecoder().decode(readBytes(manifestIn(folder))).includes(manifestSchema.schema);

/** Reads the manifest of a folder. Throws an InputError with the reason if it cannot. */
export const frozenManifest = (folder: string): FrozenManifest =>
  parseManifest(new TextDecoder().decode(readBytes(manifestIn(folder))), manifestIn(folder));

/** A file of a folder: the tensors by name, `in/…`, `cotangent/…`, `right/…` and `bound/…`. */
export type FrozenTensors = ReadonlyMap<string, StoredTensor>;

/** Reads the file of a case. Throws one error on a file that is not the one that the manifest lists, or that disagrees with it. */
export function loadFrozen(folder: string, entry: FrozenEntry): FrozenTensors {
  const path = join(folder, entry.file);
  const bytes = readBytes(path);
  checkDigest(bytes, entry, path);
  const { tensors, metadata } = parseWhole(bytes, path);
  for (const field of ['operator', 'mode', 'type'] as const)
    if (metadata.get(field) !== entry[field])
      fail(`${path}: ${MANIFEST} says ${field} ${quoted(entry[field])}, the file ${quoted(metadata.get(field) ?? '')}`);
  if (!isDeepStrictEqual(settingsIn(metadata.get('settings')), entry.settings))
    fail(`${path}: the settings in ${MANIFEST} differ from those in the file`);
  const listed = new Set(entry.tensors.flatMap(({ name }) => [`right/${name}`, `bound/${name}`]));
  for (const name of tensors.keys())
    if (!listed.has(name) && !/^(in|cotangent)\//.test(name))
      fail(`${path}: has the tensor ${quoted(name)}, which ${MANIFEST} does not list`);
  for (const { name, shape } of entry.tensors)
    for (const kind of ['right', 'bound']) {
      const stored = tensors.get(`${kind}/${name}`);
      if (stored === undefined) fail(`${path}: lacks the tensor ${quoted(`${kind}/${name}`)}, which ${MANIFEST} lists`);
      if (!sameShape(stored.shape, shape))
        fail(`${path}: ${kind}/${name} has shape ${show(stored.shape)}, ${MANIFEST} says ${show(shape)}`);
    }
  return tensors;
}

function settingsIn(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}

/** Compares the numbers of a case with those that densessm computes now. Throws an InputError if it does not know the case. */
export type JudgeFrozen = (entry: FrozenEntry, tensors: FrozenTensors) => TensorResult[];

/** Verifies the files of a folder of written vectors and their numbers. A damaged file or manifest is a problem of the report. */
export function checkFrozen(
  folder: string,
  judge: JudgeFrozen,
  onProgress: (done: CaseReport, count: number, total: number) => void = () => {},
): Report {
  let manifest: FrozenManifest;
  try {
    manifest = frozenManifest(folder);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { cases: [], problems: [error.message], ok: false };
  }
  const listed = new Set(manifest.cases.map(({ file }) => file));
  const problems = readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors') && !listed.has(name))
    .map((name) => `${join(folder, name)}: is not listed in ${MANIFEST}; list or remove it`);
  const cases = manifest.cases.map((entry, i) => {
    const done = checkEntry(folder, entry, judge);
    onProgress(done, i + 1, manifest.cases.length);
    return done;
  });
  return { cases, problems, ok: problems.length === 0 && cases.every(({ status }) => status === 'passed') };
}

function checkEntry(folder: string, entry: FrozenEntry, judge: JudgeFrozen): CaseReport {
  const start = performance.now();
  let [tensors, problems]: [TensorResult[], string[]] = [[], []];
  try {
    tensors = judge(entry, loadFrozen(folder, entry));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems = [error.message];
  }
  const hasFailed = problems.length > 0 || tensors.some(({ status }) => status === 'failed');
  return {
    ...{ family: entry.operator, kind: `${entry.mode} ${entry.type}`, name: entry.file.replace(/\.safetensors$/, '') },
    ...{ path: join(folder, entry.file), status: hasFailed ? 'failed' : 'passed', isCovered: true },
    ...{ tensors, problems, milliseconds: performance.now() - start },
  };
}

/** A question that a test suite has recorded: a file with inputs, and cotangents where it compares gradients. */
export type Recorded = Pick<FrozenEntry, 'file' | 'operator' | 'mode' | 'type' | 'settings'> & {
  readonly tensors: FrozenTensors;
};

/**
 * Reads the questions that a test suite has recorded: safetensors files with `in/…`, perhaps `cotangent/…`, and the texts operator, mode,
 * type and settings. Throws an InputError where there are none, and on a file that lacks one of these.
 */
export function recordedIn(folder: string): Recorded[] {
  if (!statOf(folder).isDirectory())
    fail(`${folder}: is not a folder; give the folder of vectors or recorded questions`);
  const files = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  if (files.length === 0) fail(`${folder}: holds no ${MANIFEST} of written vectors and no *.safetensors`);
  return files.sort().map((file) => {
    const path = join(folder, file);
    const { tensors, metadata } = parseWhole(readBytes(path), path);
    const text = (field: string): string =>
      metadata.get(field) ?? fail(`${path}: has no ${field} in its __metadata__; a recorded question names it`);
    const settings = settingsIn(text('settings'));
    if (!isObject(settings)) fail(`${path}: the settings in its __metadata__ are no JSON object`);
    return { file, operator: text('operator'), mode: text('mode'), type: text('type'), settings, tensors };
  });
}
