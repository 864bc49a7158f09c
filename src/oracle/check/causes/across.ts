/** @file Joins the causes of all rows: in which modes and types each of them shows, and which are right. */
import type { Cause } from '../failure-data.ts';
import type { CheckRow, RowKey } from '../row.ts';

/** A cause in one row. */
export interface CauseInRow extends RowKey, Omit<Cause, 'says' | 'isExplained'> {
  /** The number of the row's judged cases. */
  readonly of: number;
}

/** A cause in all rows of an operator. */
export interface CauseAcross {
  readonly operator: string;
  readonly says: string;
  readonly isExplained: boolean;
  readonly rows: readonly CauseInRow[];
  /** The operator's rows that were asked and are right. */
  readonly rightIn: readonly RowKey[];
}

/** Joins causes of one explanation in the rows of an operator, those of most cases first. */
export function causesAcross(rows: readonly CheckRow[]): CauseAcross[] {
  const found = new Map<string, CauseAcross & { readonly rows: CauseInRow[] }>();
  for (const { operator, mode, dtype, cases, causes = [] } of rows) {
    for (const { says, isExplained, ...cause } of causes) {
      const key = JSON.stringify([operator, says]);
      const known = found.get(key) ?? { operator, says, isExplained, rows: [], rightIn: rightIn(rows, operator) };
      known.rows.push({ operator, mode, dtype, of: cases, ...cause });
      found.set(key, known);
    }
  }
  return [...found.values()].sort((a, b) => sizeOf(b) - sizeOf(a));
}

const sizeOf = ({ rows }: CauseAcross): number => rows.reduce((sum, { cases, alike }) => sum + cases + alike, 0);

const rightIn = (rows: readonly CheckRow[], operator: string): RowKey[] =>
  rows
    .filter(
      (row) => row.operator === operator && row.outputs === 'PASS' && !['FAIL', 'ACCEPTED'].includes(row.gradients),
    )
    .map(({ mode, dtype }) => ({ operator, mode, dtype }));

/** Formats causes: what explains them, in how many cases of which rows, and what these have in common. */
export function causeLines(causes: readonly CauseAcross[]): string[] {
  return causes.flatMap(({ operator, says, rows, rightIn: right }) => [
    `${operator}: ${says}`,
    ...rows.flatMap(({ mode, dtype, cases, alike, of, wrongIn, condition }) => [
      `  ${mode} ${dtype}: ${cases + alike} of ${of} cases${alike === 0 ? '' : ` (${cases} by their numbers, ${alike} by the tensors that are wrong)`}${countsOf(wrongIn)}`,
      ...(condition === null
        ? []
        : [`    all of them have ${condition.says}; of ${condition.of} right cases ${condition.right || 'none'}`]),
    ]),
    ...(right.length === 0 ? [] : [`  right: ${right.map(({ mode, dtype }) => `${mode} ${dtype}`).join(', ')}`]),
  ]);
}

const countsOf = (wrongIn: Cause['wrongIn']): string => {
  const counts = Object.entries(wrongIn).map(([tensor, count]) => `${tensor} in ${count}`);
  return counts.length === 0 ? '' : `; wrong: ${counts.join(', ')}`;
};
