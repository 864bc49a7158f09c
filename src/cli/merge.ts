/** @file densessm merge: joins the shards of a command into the result of the whole. */
import { statOf } from '../io/read-file.ts';
import { resultsOf, runNames } from '../runs/ablation/results.ts';
import { parsedFile } from '../runs/config-file.ts';
import type { Measure } from '../runs/curves.ts';
import { fail } from '../tensor/errors.ts';
import { showResults } from './ablation-table.ts';
import type { Voice } from './console.ts';
import { isReport } from './shard.ts';

/** Options of `merge`. */
export interface MergeCommand extends Voice {
  readonly of?: Measure;
  readonly svg?: string;
}

/** Prints the whole of some shards. Returns whether all is right and, of a grid, no run is missing; or the exit status where the plot cannot be written. */
export async function mergeCommand(paths: readonly string[], command: MergeCommand): Promise<boolean | number> {
  const { json, quiet, of, svg } = command;
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
