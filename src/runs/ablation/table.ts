/** @file Makes the table of a grid: mean and spread of each cell over its seeds, paired tests against the first, and mean curves. */
import { fail } from '../../tensor/errors.ts';
import type { Curve, Line, Measure } from '../curves.ts';
import type { Grid } from './grid.ts';
import { deviationOf, meanOf, type PairedTest, pairedTest } from './paired-test.ts';
import type { Point, ResultCell, ResultRun, Results } from './results.ts';
import { runNames } from './results.ts';

/** A cell with its results. */
export interface Row extends ResultCell {
  /** Seeds with a result, its mean, and its standard deviation over seeds; null where there are too few. */
  readonly runs: number;
  readonly mean: number | null;
  readonly sd: number | null;
  /** Differences to the first row with the same seed; null for the first row, and where no seed is in both. */
  readonly test: (PairedTest & { readonly better: number }) | null;
}

/** A table of one measure. */
export interface Table {
  readonly measure: Measure;
  readonly rows: readonly Row[];
  /** Names of the runs without a result. */
  readonly missing: readonly string[];
}

/** Reads a measure of a validation. */
const valueAt = (point: Point, measure: Measure): number =>
  measure === 'loss' ? point.validation : (point.accuracy ?? Number.NaN);

/** The measure of a grid: what is asked for, else the accuracy of a task, the loss of a text. Throws on the accuracy of a text. */
export function measureOf({ fixed }: Grid, asked?: Measure): Measure {
  const isTask = (fixed.task ?? null) !== null;
  if (asked === 'accuracy' && !isTask) fail('ablate: a text has no accuracy; leave out --of, or take a --task');
  return asked ?? (isTask ? 'accuracy' : 'loss');
}

/** The table of results. */
export function tableOf(results: Results, measure: Measure): Table {
  const bySeed = (cell: ResultCell): Map<number, number> =>
    new Map(
      results.runs
        .filter((run) => run.cell === cell.name)
        .map(({ seed, points }) => [seed, valueAt(points.at(-1)!, measure)]),
    );
  const first = bySeed(results.cells[0]!);
  const rows = results.cells.map((cell, i): Row => {
    const own = bySeed(cell);
    const values = [...own.values()];
    const differences = [...own].flatMap(([seed, value]) => (first.has(seed) ? [value - first.get(seed)!] : []));
    const test = i === 0 || differences.length === 0 ? null : pairedTest(differences);
    return {
      ...cell,
      runs: values.length,
      mean: values.length === 0 ? null : meanOf(values),
      sd: deviationOf(values),
      test: test && { ...test, better: measure === 'loss' ? test.below : test.above },
    };
  });
  const done = new Set(results.runs.map(({ name }) => name));
  const missing = runNames(results).flatMap(({ name }) => (done.has(name) ? [] : [name]));
  return { measure, rows, missing };
}

/** A line for each cell with results: the mean over its seeds, and pale that of each seed. */
export function linesOfTable({ cells, runs }: Results, measure: Measure): Line[] {
  const curveOf = ({ points }: ResultRun): Curve =>
    points.map((point) => [point.step, valueAt(point, measure)] as const);
  return cells.flatMap(({ name }): Line[] => {
    const pale = runs.filter(({ cell }) => cell === name).map(curveOf);
    if (pale.length === 0) return [];
    // validations of all seeds are after the same steps
    const strong = pale[0]!.map(([step], i) => [step, meanOf(pale.flatMap((curve) => curve[i]?.[1] ?? []))] as const);
    return [{ name, strong, pale }];
  });
}
