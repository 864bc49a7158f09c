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

/** Writes a folder of vectors as a whole, with its reader. Returns true. Throws where the folder is not empty, or cannot be written. */
export function vectorsWriteCommand(folder: string, command: VectorsWriteCommand): boolean {
  const { preset, seed, operator: names, json, quiet } = command;
  const { i, n } = command.shard;
  const shard = `${i}/${n}`;
  if (namesIn(folder).length > 0) fail(`${folder}: is not empty; nothing is overwritten, give another folder`);
  tryFolder(madeOf(dirname(resolve(folder))));
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
    fail(`vectors write: the part ${shard} has no case, as there are fewer rows; ask for fewer parts`);
  writeFolderWhole(folder, {
    ...Object.fromEntries(files.map(({ entry, bytes }) => [entry.file, bytes])),
    [MANIFEST]: `${JSON.stringify(manifest, null, 1)}\n`,
    [reader]: readFileSync(join(packageRoot(), 'adapters', 'vectors', reader)),
  });
  const bytes = files.reduce((sum, { entry }) => sum + entry.bytes, 0);
  const faults = new Set(files.flatMap(({ entry }) => entry.catches)).size;
  const said = { folder, preset, seed, shard, vectors: manifest.vectors, cases: files.length, bytes, faults };
  if (json) sayJson('vectors-write', { ok: true, ...said });
  else {
    say(
      `${folder}: ${amount(files.length, 'case')} of vectors ${manifest.vectors}, ${(bytes / 1e6).toFixed(2)} MB; they catch ${amount(faults, 'kind')} of known faults; ${seconds(performance.now() - start)}`,
    );
    if (!quiet) say(`python3 ${join(folder, reader)} --help says how to compare a kernel with them`);
  }
  return true;
}
