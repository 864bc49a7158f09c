/** @file The lines of a check: rows of its table, and what follows them. A check prints them, and merge those of joined parts. */
import { acceptedLines, entryLines } from '../oracle/check/acceptance.ts';
import type { Alike } from '../oracle/check/alike.ts';
import { causeLines, causesAcross } from '../oracle/check/causes/across.ts';
import type { CheckReport } from '../oracle/check/check.ts';
import { checkCells, checkColumns, failureLines, type Paint, type Telling } from '../oracle/check/report.ts';
import type { CheckRow } from '../oracle/check/row.ts';
import { colour, tableLine } from './console.ts';
import { subjectWidths } from './subjects.ts';

/** A row that fails, the rows that fail alike, and whether its question fails alone. */
export interface Failure extends Alike {
  readonly isAlone: boolean | null;
}

/** The widths of the columns for rows with these modes. */
export function widthsFor(modes: readonly string[]): number[] {
  const [operator, mode] = subjectWidths;
  return [operator, Math.max(mode, ...modes.map(({ length }) => length)), 4, 9, 9, 6, 7, 7, 0];
}

const right = [5, 6, 7];

const paint: Paint = (status, text) =>
  ({
    PASS: colour.right,
    FAIL: colour.wrong,
    UNSUPPORTED: colour.minor,
    UNCHECKED: colour.minor,
    ACCEPTED: colour.minor,
  })[status](text);

/** The line over the rows. */
export const headLine = (widths: readonly number[]): string => colour.heading(tableLine(checkColumns, widths, right));

/** Statuses are padded before they are coloured: colours have no width. */
export const formatRow = (row: CheckRow, widths: readonly number[]): string => {
  const cells = checkCells(row, (status, text) => paint(status, text.padEnd(9)));
  // UNSUPPORTED is wider than its column, and reaches into that of gradients
  const own = row.outputs === 'UNSUPPORTED' ? widths.map((width, i) => (i === 4 ? width - 2 : width)) : widths;
  return tableLine(cells, own, right);
};

/** Lines under a title; nothing where there are none. */
const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', colour.heading(title), ...lines];

/** Says how to ask the backend again. */
export const againBy =
  (command: string): Telling['again'] =>
  ({ operator, mode, dtype }, { seed, path, repeat }) =>
    [
      `${command} --operator ${operator} --mode ${mode} --dtype ${dtype} --seed ${seed}`,
      ...(path === undefined ? [] : [`--path ${path}`]),
      ...(repeat === undefined ? [] : [`--repeat ${repeat}`]),
    ].join(' ');

/** Tells each failure once. */
function failureTexts({ problems }: CheckReport, failures: readonly Failure[], again: Telling['again']): string[] {
  return [
    ...problems.map((problem) => colour.wrong(problem)),
    ...failures.flatMap(({ row, others, isAlone }) => ['', ...failureLines(row, { again, others, isAlone })]),
  ];
}

/** What follows the rows: each failure once, accepted ones, and causes. */
export const resultLines = (
  found: CheckReport,
  failures: readonly Failure[],
  again: Telling['again'],
  quiet: boolean,
): string[] => [
  ...failureTexts(found, failures, again),
  ...section('Accepted failures:', quiet ? [] : acceptedLines(found.rows)),
  ...section('Entries of accepted failures to correct:', entryLines(found.wrongEntries)),
  ...section('Failures by cause:', causeLines(causesAcross(found.rows))),
];
