/** @file Reads and joins results of grids: from the folders of their runs, or from JSON that ablate and merge print. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isObject, parseJson } from '../../io/json.ts';
import { readBytes, statOf } from '../../io/read-file.ts';
import { writeFileWhole } from '../../io/write-file.ts';
import { fail } from '../../tensor/errors.ts';
import { readAbout } from '../checkpoint.ts';
import { metricsOf } from '../metrics.ts';
import type { Settings } from '../settings.ts';
import type { Grid } from './grid.ts';
import type { Plan } from './plan.ts';

/** A row of the table to be: a cell as it was planned. */
export interface ResultCell {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
  readonly width: number;
  readonly parameters: number;
}

/** A validation of a run. */
export interface Point {
  readonly step: number;
  readonly validation: number;
  readonly right?: number;
  readonly asked?: number;
  readonly accuracy?: number;
}

/** A complete run: its validations, the last of which is its result. */
export interface ResultRun {
  readonly name: string;
  readonly cell: string;
  readonly seed: number;
  readonly ranOn: string | null;
  readonly points: readonly Point[];
}

/** What was planned: the same for all shards of a grid. */
export interface PlannedGrid {
  readonly grid: Grid;
  /** SHA-256 of the text or task. */
  readonly sha256: string;
  readonly steps: number;
  readonly tokens: number;
  readonly cells: readonly ResultCell[];
}

/** Results of a grid: its plan, and the runs that are complete, in the order of the plan. */
export interface Results extends PlannedGrid {
  readonly runs: readonly ResultRun[];
}

/** What the files of this version say that they are. */
export const schema = 'densessm/ablation';
export const version = 1;

const fileName = 'grid.json';

/** The plan as data. Where it runs may differ between shards. */
export const plannedGrid = ({ grid, problem, steps, tokens, cells }: Plan): PlannedGrid => {
  const { on: _, ...fixed } = grid.fixed;
  return {
    grid: { ...grid, fixed },
    sha256: problem.sha256,
    steps,
    tokens,
    cells: cells.map(({ name, values, width, parameters }) => ({ name, values, width, parameters })),
  };
};

/** Names of the runs of a plan, in its order. */
export const runNames = ({
  grid,
  cells,
}: PlannedGrid): { readonly name: string; readonly cell: string; readonly seed: number }[] =>
  grid.seeds.flatMap((seed) => cells.map(({ name: cell }) => ({ name: `${cell},seed=${seed}`, cell, seed })));

/** Writes what was planned into the folder of a grid. */
export const writeGrid = (folder: string, planned: PlannedGrid): void =>
  writeFileWhole(join(folder, fileName), `${JSON.stringify({ schema, version, ...planned }, null, 1)}\n`);

/** What a file of results or of a grid says. Throws on other files. */
function parsedIn(path: string): PlannedGrid & Partial<Results> {
  const found = parseJson(new TextDecoder().decode(readBytes(path)), path);
  if (!isObject(found) || found.schema !== schema)
    fail(`${path}: is no result of ablate; give what densessm ablate --json prints, or the folder of a grid`);
  const { version: other, grid, cells, runs = [] } = found as Record<string, unknown>;
  if (other !== version) fail(`${path}: is of version ${other}; this densessm reads version ${version}`);
  if (
    !isObject(grid) ||
    !Array.isArray(grid.seeds) ||
    !isObject(grid.vary) ||
    !Array.isArray(cells) ||
    !Array.isArray(runs)
  )
    fail(`${path}: has no grid, cells and runs; it is damaged, write it again`);
  return found as unknown as PlannedGrid & Partial<Results>;
}

/** The complete runs in the folder of a grid. */
function runsIn(folder: string, planned: PlannedGrid): ResultRun[] {
  return runNames(planned).flatMap(({ name, cell, seed }) => {
    const own = join(folder, name);
    const about = existsSync(own) ? readAbout(own) : null;
    if (about === null || about.step < planned.steps) return [];
    if (about.step > planned.steps)
      fail(
        `${own}: has trained on to step ${about.step}, and a run of this grid ends at ${planned.steps}; remove it, and let ablate make it again`,
      );
    const points = metricsOf(own).flatMap(({ step, validation, right, asked, accuracy }): Point[] =>
      validation === undefined
        ? []
        : [{ step, validation, ...(asked !== undefined && { right: right!, asked, accuracy: accuracy! }) }],
    );
    if (points.at(-1)?.step !== about.step)
      fail(`${own}: has no validation after its last step; remove it, and let ablate make it again`);
    return [{ name, cell, seed, ranOn: about.ranOn, points }];
  });
}

/** Results of a folder or of a file. */
function resultsAt(path: string): Results {
  const isFolder = statOf(path).isDirectory();
  const { grid, sha256, steps, tokens, cells, runs = [] } = parsedIn(isFolder ? join(path, fileName) : path);
  const planned = { grid, sha256, steps, tokens, cells };
  return { ...planned, runs: isFolder ? runsIn(path, planned) : runs };
}

/** The first part in which two plans differ, in words, or null. */
function difference(a: PlannedGrid, b: PlannedGrid): string | null {
  const parts: Readonly<Record<string, (one: PlannedGrid) => unknown>> = {
    'fixed settings': ({ grid }) => grid.fixed satisfies Partial<Settings>,
    'values to vary': ({ grid }) => Object.entries(grid.vary),
    seeds: ({ grid }) => grid.seeds,
    'the text or task': ({ sha256 }) => sha256,
    steps: ({ steps }) => steps,
    cells: ({ cells }) => cells,
  };
  const found = Object.entries(parts).find(([, part]) => !isDeepStrictEqual(part(a), part(b)));
  return found === undefined ? null : `${found[0]}: ${JSON.stringify(found[1](a))} and ${JSON.stringify(found[1](b))}`;
}

/** Joins results of one grid, each run once. Throws where they are of other grids, and where a run has two results. */
export function resultsOf(paths: readonly string[]): Results {
  const all = paths.map((path) => ({ path, results: resultsAt(path) }));
  const [{ path: firstPath, results: first }] = all as [(typeof all)[number]];
  const runs = new Map<string, { readonly path: string; readonly run: ResultRun }>();
  for (const { path, results } of all) {
    const differing = difference(first, results);
    if (differing !== null) fail(`merge: ${firstPath} and ${path} are of two grids, which differ in ${differing}`);
    for (const run of results.runs) {
      const before = runs.get(run.name);
      if (before && !isDeepStrictEqual(before.run.points, run.points))
        fail(`merge: ${before.path} and ${path} have different results of ${run.name}; leave one of them out`);
      if (!before) runs.set(run.name, { path, run });
    }
  }
  return { ...first, runs: runNames(first).flatMap(({ name }) => runs.get(name)?.run ?? []) };
}
