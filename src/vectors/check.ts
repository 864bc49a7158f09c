/** @file Compares the project with folders of vectors. Pure data: report.ts prints it. */
import { basename } from 'node:path';
import { InputError } from '../tensor/errors.ts';
import { type AdapterTable, adapterFor, adapters } from './adapters.ts';
import type { TensorResult } from './compare.ts';
import { discover, type VectorFile } from './discover.ts';
import { type LoadedCase, loadCase } from './load.ts';
import { runCase } from './run-case.ts';
import { type Waiver, waivers } from './waivers.ts';

/** The outcome for one file of vectors. */
export interface CaseReport {
  readonly family: string;
  /** The `kind` in the config; null in families that have none, and where the file can't be read. */
  readonly kind: string | null;
  readonly name: string;
  readonly path: string;
  /** Failed: a tensor failed, or there is a problem with the file. Not covered: no adapter, and no problem. */
  readonly status: 'passed' | 'failed' | 'not covered';
  readonly isCovered: boolean;
  readonly tensors: readonly TensorResult[];
  /** Errors of the file itself, a line each. */
  readonly problems: readonly string[];
  readonly milliseconds: number;
}

/** The outcome for all folders. */
export interface Report {
  readonly cases: readonly CaseReport[];
  /** Errors of the folders and manifests, a line each. */
  readonly problems: readonly string[];
  /** Something was compared, nothing failed and there was no problem; kinds not covered do not count. */
  readonly ok: boolean;
}

/** What a check of vectors calls as it goes on, and tests replace. */
export interface CheckOptions {
  /** Called after every case. */
  readonly onProgress?: (done: CaseReport, count: number, total: number) => void;
  readonly adapters?: AdapterTable;
  readonly waivers?: readonly Waiver[];
}

/**
 * Compares the project with all vectors in some folders and the folders below them. A file or manifest that is damaged
 * is a problem of the report. Throws InputError when a folder is missing or holds no vectors.
 */
export function checkVectors(folders: readonly string[], options: CheckOptions = {}): Report {
  const { files, problems } = discover(folders);
  const cases: CaseReport[] = [];
  for (const file of files) {
    const done = checkFile(file, options);
    cases.push(done);
    options.onProgress?.(done, cases.length, files.length);
  }
  const compared = cases.some(({ tensors }) => tensors.length > 0);
  return { cases, problems, ok: compared && problems.length === 0 && cases.every(({ status }) => status !== 'failed') };
}

function checkFile(file: VectorFile, options: CheckOptions): CaseReport {
  const start = performance.now();
  const { path, listed } = file;
  let outcome: Omit<CaseReport, 'path' | 'status' | 'milliseconds'>;
  try {
    outcome = checkCase(loadCase(file), path, options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const name = listed?.name ?? basename(path, '.safetensors');
    const family = listed?.family ?? 'unknown';
    outcome = { family, kind: null, name, isCovered: true, tensors: [], problems: [error.message] };
  }
  const hasFailed = outcome.problems.length > 0 || outcome.tensors.some(({ status }) => status === 'failed');
  const status = hasFailed ? 'failed' : outcome.isCovered ? 'passed' : 'not covered';
  return { ...outcome, path, status, milliseconds: performance.now() - start };
}

function checkCase(loaded: LoadedCase, path: string, options: CheckOptions) {
  const { family, name, config } = loaded;
  const problems = [...loaded.problems];
  const kind = typeof config.kind === 'string' ? config.kind : null;
  if (kind === null && config.kind !== undefined) problems.push(`${path}: config.kind is no text; name a kind`);
  const adapter = adapterFor(options.adapters ?? adapters, family, kind);
  const tensors = adapter === null ? [] : runCase(loaded, adapter, options.waivers ?? waivers);
  if (adapter !== null && tensors.length === 0) {
    problems.push(
      `${path}: has no out/, inter/ or grad/ tensor, so nothing could be compared; add the expected tensors`,
    );
  }
  return { family, kind, name, isCovered: adapter !== null, tensors, problems };
}
