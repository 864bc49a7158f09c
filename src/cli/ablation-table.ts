/** @file Prints the table of a grid, and draws its curves. */
import type { Results } from '../runs/ablation/results.ts';
import { linesOfTable, measureOf, type Row, type Table, tableOf } from '../runs/ablation/table.ts';
import { type Measure, svgOf } from '../runs/curves.ts';
import { colour, say, sayJsonOf, tableLine, widthsOf } from './console.ts';
import { writePlot } from './plot-file.ts';

const fixed = (x: number | null | undefined, digits = 4): string =>
  x === null || x === undefined ? '-' : x.toFixed(digits);

/** A number with its sign. */
export const signed = (x: number | undefined, digits = 4): string =>
  x === undefined ? '-' : `${x < 0 ? '' : '+'}${x.toFixed(digits)}`;

const pText = (p: number | null | undefined): string =>
  p === null || p === undefined ? '-' : p < 1e-4 ? '<0.0001' : p.toFixed(4);

/** Lines of a table: names of cells, then numbers. */
export function tableLines({ measure, rows }: Table, names: readonly string[]): string[] {
  const mean = measure === 'loss' ? 'validation' : 'accuracy';
  const columns = [...names, 'width', 'parameters', 'runs', mean, 'sd', 'difference', 't', 'p', 'better'];
  const cellsOf = ({ values, width, parameters, runs, mean: own, sd, test }: Row): string[] => [
    ...names.map((name) => values[name] ?? '-'),
    ...[width, parameters, runs].map(String),
    ...[fixed(own), fixed(sd), signed(test?.mean), fixed(test?.t, 2), pText(test?.p)],
    test ? `${test.better} of ${test.pairs}` : '-',
  ];
  const cells = rows.map(cellsOf);
  const widths = widthsOf([columns, ...cells]);
  const right = columns.flatMap((_, i) => (i >= names.length ? [i] : []));
  return [colour.heading(tableLine(columns, widths, right)), ...cells.map((line) => tableLine(line, widths, right))];
}

/** A line on what the tests are. */
const legend = (seeds: number): string =>
  `difference, t, p and better: to the first row, by seed; two-sided t test of ${seeds} pairs at most; sd is over seeds`;

/** What is printed besides the results. */
export interface Shown {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly ok: boolean;
  readonly of?: Measure | undefined;
  readonly svg?: string | undefined;
  /** Messages of runs that failed, by name. */
  readonly failed?: Readonly<Record<string, string>>;
}

/** The curves of a grid as SVG. */
export const plotOf = (results: Results, measure: Measure): string =>
  svgOf(linesOfTable(results, measure), measure, ': mean (strong), each seed (pale)');

/** Prints results as a table and writes the plot. Returns whether no run is missing, or the exit status where the plot cannot be written. */
export function showResults(results: Results, shown: Shown): boolean | number {
  const { json, quiet, ok, of, svg, failed = {} } = shown;
  const measure = measureOf(results.grid, of);
  const table = tableOf(results, measure);
  const write = (): void => {
    if (svg === undefined || results.runs.length === 0) return;
    const written = writePlot(svg, plotOf(results, measure), 'the curves of the table');
    if (!json && !quiet) say(written);
  };
  if (json) return sayJsonOf('ablation', { ok, ...results, ...table, failed }, write);
  printed(results, table, failed, quiet);
  write();
  return ok;
}

function printed(results: Results, table: Table, failed: NonNullable<Shown['failed']>, quiet: boolean): void {
  for (const line of tableLines(table, Object.keys(results.grid.vary))) say(line);
  if (!quiet) say(colour.minor(legend(results.grid.seeds.length)));
  const backends = [...new Set(results.runs.map(({ ranOn }) => ranOn))];
  if (backends.length > 1) say(`the runs are not all of one backend: ${backends.join(', ')}`);
  for (const [name, message] of Object.entries(failed)) say(`${colour.wrong('failed')}  ${name}: ${message}`);
  const open = table.missing.filter((name) => !(name in failed));
  if (open.length > 0) say(`no result yet: ${shortList(open)}`);
}

/** The first few names of a list. */
const shortList = (names: readonly string[]): string =>
  names.length > 4 ? `${names.slice(0, 3).join('; ')} and ${names.length - 3} more` : names.join('; ');
