/** @file densessm merge: joins the shards of a grid into one table. */
import { resultsOf, runNames } from '../runs/ablation/results.ts';
import type { Measure } from '../runs/curves.ts';
import { showResults } from './ablation-table.ts';
import type { Voice } from './console.ts';

/** Options of `merge`. */
export interface MergeCommand extends Voice {
  readonly of?: Measure;
  readonly svg?: string;
}

/** Prints the table of some results. Returns whether no run is missing, or the exit status where the plot cannot be written. */
export function mergeCommand(paths: readonly string[], { json, quiet, of, svg }: MergeCommand): boolean | number {
  const results = resultsOf(paths);
  const ok = results.runs.length === runNames(results).length;
  return showResults(results, { json, quiet, ok, of, svg });
}
