/** @file The table of times of a check. */
import type { CheckReport } from '../oracle/check/check.ts';
import type { CheckRow } from '../oracle/check/row.ts';
import { seconds, tableLine } from './console.ts';

/** A time in milliseconds, in a unit that needs few digits. */
const brief = (ms: number): string =>
  ms < 10 ? `${(1000 * ms).toFixed(0)} µs` : ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;

/** The table of times: a line for each row, and one for all. */
export function timings({ rows }: CheckReport, subject: readonly number[]): string[] {
  const asked = rows.filter(({ cases }) => cases > 0);
  const cellsOf = (names: readonly string[], of: readonly CheckRow[]): string[] => {
    const sum = (count: (row: CheckRow) => number): number => of.reduce((total, row) => total + count(row), 0);
    const cases = sum((row) => row.cases);
    const parts = (['draw', 'reference', 'backend', 'compare'] as const).map((part) =>
      sum(({ timing }) => timing[part]),
    );
    const all = parts.reduce((total, part) => total + part, 0);
    const compiling = sum(({ timing }) => timing.compiling);
    return [
      ...names,
      ...parts.map((part) => brief(part / cases)),
      all > 1000 * cases ? `${brief(all / cases)} a case` : `${((1000 * cases) / all).toFixed(0)} cases/s`,
      compiling > 0 ? seconds(compiling) : '',
    ];
  };
  const cells = asked.map((row) => cellsOf([row.operator, row.mode, row.dtype], [row]));
  if (asked.length > 1) cells.push(cellsOf(['all', '', ''], asked));
  const compiles = asked.some(({ timing }) => timing.compiling > 0);
  const heading = ['', '', '', 'draw', 'reference', 'backend', 'compare', '', compiles ? 'compiling' : ''];
  const columns = [...subject.slice(0, 2), 4, 9, 9, 9, 9, 13, 10];
  return [
    '\nTime a case; for the backend, the time beyond that of the reference, which is computed meanwhile. Compiling is the time of a row:',
    ...[heading, ...cells].map((one) => tableLine(one, columns, [3, 4, 5, 6, 7, 8])),
  ];
}
