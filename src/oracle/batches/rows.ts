/** @file Names the rows of a check: a mode, or a mode on packed or padded batches. */
import { takesBatches } from '../axes.ts';
import { type BatchKind, batchKinds } from '../batch-kind.ts';
import type { Operator } from '../operator.ts';

/** The name of the row about a mode: `chunkwise`, or `chunkwise/packed`. */
export const rowMode = (mode: string, kind: BatchKind | null): string => (kind === null ? mode : `${mode}/${kind}`);

/** The names of an operator's rows. */
export const rowModes = (operator: Operator): string[] => {
  const kinds = takesBatches(operator) ? [null, ...batchKinds] : [null];
  return kinds.flatMap((kind) => Object.keys(operator.modes).map((mode) => rowMode(mode, kind)));
};

/** The mode and the kind of batch that a row is about; no kind if its sequences have equal lengths. */
export function partsOf(row: string): { readonly mode: string; readonly kind: BatchKind | null } {
  const [mode, name] = row.split('/') as [string, string?];
  return { mode, kind: batchKinds.find((kind) => kind === name) ?? null };
}
