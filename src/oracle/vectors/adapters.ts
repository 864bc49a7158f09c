/** @file Which families and kinds of vectors the project is held against. */
import type { Adapter } from './case.ts';
import { naiveRetention } from './fla.ts';

/** Adapters by family, then by the `kind` in the config; `*` serves every other kind and none. */
export type AdapterTable = Readonly<Record<string, Readonly<Record<string, Adapter>>>>;

/** The families and kinds covered. What is not here is reported as not covered yet. */
export const adapters: AdapterTable = {
  fla: { naive_retention: naiveRetention },
};

/** The adapter of a family and kind, or null. */
export function adapterFor(table: AdapterTable, family: string, kind: string | null): Adapter | null {
  const kinds = Object.hasOwn(table, family) ? table[family]! : {};
  for (const key of [kind, '*']) if (key !== null && Object.hasOwn(kinds, key)) return kinds[key]!;
  return null;
}
