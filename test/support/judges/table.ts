/** @file Formats what judges let pass and reject as rows of a table. */
import type { Values } from '../../../src/oracle/case.ts';
import { type JudgedType, rules } from './rules.ts';
import { triedIn } from './tried.ts';

/** The types, each with two rows. */
export const judgedTypes: readonly JudgedType[] = ['F32', 'BF16', 'F16'];

/** The distributions of a table, by its name in the page. */
export const distributions: Readonly<Record<string, readonly Values[]>> = {
  all: ['normal', 'sparse', 'wide'],
  normal: ['normal'],
};

export const head: readonly string[] = ['type', 'programs', ...rules.map(({ judge }) => judge), 'densessm'];

/** Rows of a type by distribution. Each type is tried once. */
const known = new Map<JudgedType, Readonly<Record<string, string[][]>>>();

/** Two rows: the faults that pass, and the right programs that fail. */
export function rowsOf(dtype: JudgedType, distribution: string): string[][] {
  const rows = known.get(dtype) ?? allRowsOf(dtype);
  known.set(dtype, rows);
  return rows[distribution]!;
}

function allRowsOf(dtype: JudgedType): Readonly<Record<string, string[][]>> {
  const tried = triedIn(dtype, Object.values(distributions));
  const pairs = Object.keys(distributions).map((name, i) => {
    const { faults, right } = tried[i]!;
    const count = (among: typeof faults, wanted: boolean): string[] =>
      head.slice(2).map((_, judge) => `${among.filter(({ accepted }) => accepted[judge] === wanted).length}`);
    const rows = [
      [dtype, `${faults.length} faults: passed`, ...count(faults, true)],
      [dtype, `${right.length} right programs: failed`, ...count(right, false)],
    ];
    return [name, rows] as const;
  });
  return Object.fromEntries(pairs);
}
