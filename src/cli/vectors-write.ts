/** @file densessm vectors write: writes a folder of cases with right numbers and their bounds. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { amount } from '../io/text.ts';
import { namesIn, tryFolder, writeFolderWhole } from '../io/write-file.ts';
import { filesOf } from '../oracle/frozen/files.ts';
import type { PresetName } from '../oracle/frozen/presets.ts';
import { operators as allOperators } from '../oracle/operators/index.ts';
import { fail } from '../tensor/errors.ts';
import type { FrozenManifest } from '../vectors/frozen/manifest.ts';
import { MANIFEST } from '../vectors/manifest.ts';
import { progress, say, sayJson, seconds, type Voice } from './console.ts';
import { madeOf, packageRoot } from './paths.ts';
import type { Shard } from './shard.ts';

/** What `vectors write` is asked for. */
export interface VectorsWriteCommand extends Voice {
  readonly preset: PresetName;
  readonly seed: number;
  readonly operator?: readonly string[];
  /** The part to write. */
  readonly shard: Shard;
}

/** The Python file that reads a folder of vectors. */
const reader = 'densessm_vectors.py';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Throws where a folder of vectors cannot be written: to compute them takes long. */
export function checkNewFolder(folder: string): void {
  if (namesIn(folder).length > 0) fail(`${folder}: is not empty; nothing is overwritten, give another folder`);
  tryFolder(madeOf(dirname(resolve(folder))));
}

/** Writes a folder of vectors as a whole, with its reader, and says what it has. Files are in the order of the manifest. */
export function writeVectors(
  folder: string,
  { manifest, files }: { readonly manifest: FrozenManifest; readonly files: readonly Uint8Array[] },
  { json, quiet }: Voice,
  start: number,
): void {
  const { cases, preset, seed, shard, vectors } = manifest;
  writeFolderWhole(folder, {
    ...Object.fromEntries(cases.map(({ file }, i) => [file, files[i]!])),
    [MANIFEST]: `${JSON.stringify(manifest, null, 1)}\n`,
    [reader]: readFileSync(join(packageRoot(), 'adapters', 'vectors', reader)),
  });
  const bytes = cases.reduce((sum, entry) => sum + entry.bytes, 0);
  const faults = new Set(cases.flatMap(({ catches }) => catches)).size;
  const said = { folder, preset, seed, shard, vectors, cases: cases.length, bytes, faults };
  if (json) sayJson('vectors-write', { ok: true, ...said });
  else {
    say(
      `${folder}: ${amount(cases.length, 'case')} of vectors ${vectors}, ${(bytes / 1e6).toFixed(2)} MB; they catch ${amount(faults, 'kind')} of known faults; ${seconds(performance.now() - start)}`,
    );
    if (!quiet) say(`python3 ${join(folder, reader)} --help says how to compare a kernel with them`);
  }
}

/** Writes a set of vectors, or a part of it. Returns true. Throws where the folder is not empty, or cannot be written. */
export function vectorsWriteCommand(folder: string, command: VectorsWriteCommand): boolean {
  const { preset, seed, operator: names } = command;
  const { i, n } = command.shard;
  checkNewFolder(folder);
  const start = performance.now();
  const operators = allOperators.filter(({ name }) => names?.includes(name) ?? true);
  const line = progress(command);
  const { files, manifest } = filesOf(
    { preset, seed, operators, shard: { index: i - 1, count: n } },
    sha256,
    (row, done, total) => line.show(`${done}/${total} ${row.operator.name} ${row.mode} ${row.dtype}`),
  );
  line.clear();
  if (files.length === 0)
    fail(`vectors write: the part ${i}/${n} has no case, as there are fewer rows; ask for fewer parts`);
  writeVectors(folder, { manifest, files: files.map(({ bytes }) => bytes) }, command, start);
  return true;
}
