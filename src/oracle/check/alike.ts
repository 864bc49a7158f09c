/** @file Folds rows that fail alike, so that a failure of several modes and types is told once. */
import { type CheckRow, isFine } from './row.ts';

/** A row that fails, and the rows that fail alike. */
export interface Alike {
  readonly row: CheckRow;
  readonly others: readonly CheckRow[];
}

/** Groups the failing rows of an operator whose failures have the same explanation, or without one the same smallest case. */
export function alike(rows: readonly CheckRow[]): Alike[] {
  const groups = new Map<string, CheckRow[]>();
  for (const row of rows.filter((one) => one.finding !== null && !isFine(one))) {
    const key = JSON.stringify([row.operator, ...[row.finding!, ...row.also].map(gist)]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(([row, ...others]) => ({ row: row!, others }));
}

type Finding = NonNullable<CheckRow['finding']>;

/** What a finding says, without its numbers. */
function gist({ kind, message, contrasts, smallest }: Finding): unknown {
  if (contrasts.length > 0) return contrasts.map(({ says }) => says).sort();
  const { inputs, cotangents } = smallest;
  const shapes = [inputs, cotangents].map((tensors) =>
    Object.values(tensors).map(({ shape, data }) => [shape, ...data]),
  );
  return kind.includes('/') ? [kind, shapes] : [kind, message];
}
