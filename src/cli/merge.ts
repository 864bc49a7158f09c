/** @file densessm merge: joins the shards of a command into the result of the whole. */
import { statOf } from '../io/read-file.ts';
import { resultsOf, runNames } from '../runs/ablation/results.ts';
import { parsedFile } from '../runs/config-file.ts';
import type { Measure } from '../runs/curves.ts';
import { fail } from '../tensor/errors.ts';
import { isFrozen } from '../vectors/frozen/folder.ts';
import { showResults } from './ablation-table.ts';
import type { Voice } from './console.ts';
import { isReport } from './shard.ts';

/** Options of `merge`. */
export interface MergeCommand extends Voice {
  readonly of?: Measure;
  readonly svg?: string;
  /** The folder of joined vectors. */
  readonly out?: string;
}

/** Prints the whole of some shards. Returns whether all is right and, of a grid, no run is missing; or the exit status where the plot cannot be written. */
export async function mergeCommand(paths: readonly string[], command: MergeCommand): Promise<boolean | number> {
  const { json, quiet, of, svg, out } = command;
  if (paths.some((path) => statOf(path).isDirectory() && isFrozen(path))) {
    if ((of ?? svg) !== undefined) fail('merge: --of and --svg are of a grid of runs, and these are shards of vectors');
    const { mergeVectors } = await import('./merge-vectors.ts');
    mergeVectors(paths, out, command);
    return true;
  }
  if (out !== undefined) fail('merge: --out is of shards of vectors, which are folders that vectors write has written');
  const parts = paths.every((path) => !statOf(path).isDirectory()) ? paths.map(parsedFile) : [];
  if (parts.some(isReport)) {
    if ((of ?? svg) !== undefined) fail('merge: --of and --svg are of a grid of runs, and these are shards of a check');
    // it knows all operators, which a grid does not need
    const { mergeParts } = await import('./merge-parts.ts');
    return mergeParts(paths, parts, command);
  }
  const results = resultsOf(paths);
  const ok = results.runs.length === runNames(results).length;
  return showResults(results, { json, quiet, ok, of, svg });
}
