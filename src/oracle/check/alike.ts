/** @file Folds rows that fail alike, so that a failure of several modes and types is told once. */
import { type CheckRow, isFine } from './row.ts';

/** A row that fails, and the rows that fail alike. */
export interface Alike {
  readonly row: CheckRow;
  readonly others: readonly CheckRow[];
}

/**
 * Groups the failing rows of an operator whose failures have the same explanation. Without one: those with the same smallest case, and
 * types of one mode whose smallest cases have the same shapes, as types differ in their numbers.
 */
export function alike(rows: readonly CheckRow[]): Alike[] {
  const groups = new Map<string, CheckRow[]>();
  for (const row of rows.filter((one) => one.finding !== null && !isFine(one))) {
    const all = [row.finding!, ...row.also];
    const isExplained = all.every(({ contrasts }) => contrasts.length > 0);
    const same = [...groups].find(([, [one]]) => isOfTypes(one!, row))?.[0];
    const key = (!isExplained && same) || JSON.stringify([row.operator, ...all.map(gist)]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(([row, ...others]) => ({ row: row!, others }));
}

/** Whether two rows are of one operator and mode, and fail in the same tensors, in smallest cases of the same shapes. */
function isOfTypes(one: CheckRow, other: CheckRow): boolean {
  const of = ({ operator, mode, finding, also }: CheckRow): string =>
    JSON.stringify([operator, mode, ...[finding!, ...also].map(({ kind, smallest }) => [kind, shapesOf(smallest)])]);
  return of(one) === of(other);
}

const shapesOf = ({ inputs, cotangents }: Finding['smallest']): unknown =>
  [inputs, cotangents].map((tensors) => Object.values(tensors).map(({ shape }) => shape));

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
