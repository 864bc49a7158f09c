/** @file Writes a toy family of vectors, `y = 2x`, to disk, and defines its adapter. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatSafetensors, type TensorToStore } from '../../src/io/safetensors.ts';
import type { AdapterTable } from '../../src/vectors/adapters.ts';
import { type Adapter, givenIn } from '../../src/vectors/case.ts';

/** Runs `use` with an empty temporary folder, and removes the folder afterwards. */
export function inTemporaryFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A case to write. */
export interface ToyCase {
  readonly name: string;
  readonly config: Record<string, unknown>;
  readonly tensors: Record<string, TensorToStore>;
}

/** A correct case of the toy family. `changes` replaces or adds tensors; null removes one. */
export function toyCase(name: string, changes: Record<string, TensorToStore | null> = {}): ToyCase {
  const given: Record<string, TensorToStore | null> = {
    'in/x': { dtype: 'F64', shape: [3], data: [1, -2, 0.5] },
    'out/y': { dtype: 'F64', shape: [3], data: [2, -4, 1] },
    'out/y_f32': { dtype: 'F32', shape: [3], data: [2, -4, 1] },
    'out/count': { dtype: 'I32', shape: [], data: [3] },
    'grad/in/x': { dtype: 'F64', shape: [3], data: [2, 2, 2] },
    ...changes,
  };
  const kept = Object.entries(given).filter((one): one is [string, TensorToStore] => one[1] !== null);
  return { name, config: { kind: 'double' }, tensors: Object.fromEntries(kept) };
}

/** The bytes of a case's file. */
export function bytesOf(family: string, { name, config, tensors }: ToyCase): Uint8Array {
  const metadata = new Map([
    ['family', family],
    ['case', name],
    ['config', JSON.stringify(config)],
  ]);
  return formatSafetensors(new Map(Object.entries(tensors)), metadata);
}

/** Builds the manifest of a family; tests may change it before they write it. */
export function manifestOf(family: string, cases: readonly ToyCase[]) {
  const listed = cases.map((one) => {
    const bytes = bytesOf(family, one);
    return {
      name: one.name,
      file: `${one.name}.safetensors`,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      config: one.config as unknown,
      tensors: Object.entries(one.tensors).map(([name, { dtype, shape }]) => ({ name, dtype: dtype as string, shape })),
    };
  });
  return { family, n_cases: listed.length, cases: listed };
}

/** Writes a family's folder, without a manifest if `manifest` is null. Returns the folder. */
export function writeFamily(
  root: string,
  family: string,
  cases: readonly ToyCase[],
  manifest: unknown = manifestOf(family, cases),
): string {
  const folder = join(root, family);
  mkdirSync(folder, { recursive: true });
  for (const one of cases) writeFileSync(join(folder, `${one.name}.safetensors`), bytesOf(family, one));
  if (manifest !== null) writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return folder;
}

/** The adapter of the toy family. */
export const double: Adapter = (testCase) => {
  const { shape, data } = givenIn(testCase, 'in/x');
  const y = () => ({ shape, data: data.map((x) => 2 * x) });
  return {
    tensors: {
      'out/y': y,
      'out/y_f32': y,
      'out/count': () => ({ shape: [], data: [data.length] }),
      'grad/in/x': () => ({ shape, data: data.map(() => 2) }),
    },
  };
};

export const toyAdapters: AdapterTable = { toy: { double } };
