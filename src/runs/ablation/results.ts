/** @file Reads and joins results of grids: from the folders of their runs, or from JSON that ablate and merge print. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isCount, isObject, parseJson } from '../../io/json.ts';
import { readBytes, statOf } from '../../io/read-file.ts';
import { isPart, namesIn, writeFileWhole, writing } from '../../io/write-file.ts';
import { fail } from '../../tensor/errors.ts';
import { readAbout } from '../checkpoint.ts';
import { metricsOf } from '../metrics.ts';
import { completed, type Settings } from '../settings.ts';
import { type Grid, optionOf } from './grid.ts';
import { type Plan, runName } from './plan.ts';

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

/** Whether a folder is that of a grid. */
export const isGrid = (folder: string): boolean => existsSync(join(folder, fileName));

/** All settings that the runs share, defaults too; not where they run, which may differ between shards. */
function sharedSettings({ grid, problem }: Plan): Partial<Settings> {
  const { on: _, seed: __, width, readings, ...all } = completed(grid.fixed);
  const varied = Object.entries(all).filter(([name]) => !(optionOf(name) in grid.vary));
  return { ...Object.fromEntries(varied), width, readings, ...(problem.kind === 'task' && { set: problem.set }) };
}

/** The plan as data. */
export const plannedGrid = (plan: Plan): PlannedGrid => {
  const { grid, problem, steps, tokens, cells } = plan;
  const fixed = sharedSettings(plan);
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
  grid.seeds.flatMap((seed) => cells.map(({ name: cell }) => ({ name: runName(cell, seed), cell, seed })));

/** The first of some that is not among others in the same order, or undefined. */
function firstMissing<T>(some: readonly T[], others: readonly T[]): T | undefined {
  let at = 0;
  return some.find((one) => {
    at = others.findIndex((other, i) => i >= at && isDeepStrictEqual(one, other)) + 1;
    return at === 0;
  });
}

/** Throws where a folder has a seed or a cell that a plan lacks, or in another order: its runs would have no place in the table. */
function checkWithin(folder: string, old: PlannedGrid, planned: PlannedGrid): void {
  const remedy =
    'more seeds and values add runs to those before them; give all of them in that order, or another --out';
  const seed = firstMissing(old.grid.seeds, planned.grid.seeds);
  if (seed !== undefined)
    fail(
      `ablate: ${folder} has a grid with the seeds ${old.grid.seeds.join(', ')}, and those asked for are ${planned.grid.seeds.join(', ')}: ${remedy}`,
    );
  const shown = ({ name, width }: ResultCell): string => `${name} at width ${width}`;
  const cell = firstMissing(old.cells, planned.cells);
  if (cell !== undefined)
    fail(
      `ablate: ${folder} has a grid with the cell ${shown(cell)}, and those asked for are ${planned.cells.map(shown).join('; ')}: ${remedy}`,
    );
}

/** Writes what was planned into the folder of a grid. Throws where the folder has another grid, one with other runs too, or none but files. */
export function writeGrid(folder: string, planned: PlannedGrid): void {
  const path = join(folder, fileName);
  if (isGrid(folder)) {
    const old = parsedIn(path);
    const words = difference(old, planned, ['fixed settings', 'names to vary', 'the text or task']);
    if (words !== null) fail(`ablate: ${folder} has a grid that differs in ${words}; give another --out`);
    checkWithin(folder, old, planned);
  } else if (!namesIn(folder).every(isPart))
    fail(`ablate: ${folder} is not empty, and has no grid; give another --out`);
  writing(folder, () => mkdirSync(folder, { recursive: true }));
  writeFileWhole(path, `${JSON.stringify({ schema, version, ...planned }, null, 1)}\n`);
}

const isListOf = <T>(x: unknown, is: (one: unknown) => one is T): x is T[] => Array.isArray(x) && x.every(is);

const isCell = (x: unknown): x is ResultCell =>
  isObject(x) && typeof x.name === 'string' && isObject(x.values) && isCount(x.width) && isCount(x.parameters);

const isPoint = (x: unknown): x is Point => isObject(x) && isCount(x.step) && Number.isFinite(x.validation);

const isRun = (x: unknown): x is ResultRun =>
  isObject(x) &&
  [x.name, x.cell].every((name) => typeof name === 'string') &&
  isCount(x.seed) &&
  isListOf(x.points, isPoint) &&
  x.points.length > 0;

/** What a file of results or of a grid says. Throws on other files. */
function parsedIn(path: string): PlannedGrid & Partial<Results> {
  const found = parseJson(new TextDecoder().decode(readBytes(path)), path);
  if (!isObject(found) || found.schema !== schema)
    fail(`${path}: is no result of ablate; give what densessm ablate --json prints, or the folder of a grid`);
  const { version: other, grid, cells, runs = [] } = found as Record<string, unknown>;
  if (other !== version) fail(`${path}: is of version ${other}; this densessm reads version ${version}`);
  const ok =
    isObject(grid) &&
    isListOf(grid.seeds, isCount) &&
    grid.seeds.length > 0 &&
    isObject(grid.vary) &&
    isObject(grid.fixed);
  if (!ok || !isListOf(cells, isCell) || cells.length === 0 || !isListOf(runs, isRun))
    fail(`${path}: has no grid, cells and runs as ablate writes them; it is damaged, write it again`);
  const names = (grid as unknown as Grid).seeds.flatMap((seed) => cells.map(({ name }) => runName(name, seed)));
  const unknown = runs.find(({ name }) => !names.includes(name));
  if (unknown) fail(`${path}: has a run ${unknown.name} that its grid does not have; it is damaged, write it again`);
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
  if (isFolder && !isGrid(path))
    fail(`${path}: has no ${fileName}; give a folder that ablate has made, or what its --json prints`);
  const { grid, sha256, steps, tokens, cells, runs = [] } = parsedIn(isFolder ? join(path, fileName) : path);
  const planned = { grid, sha256, steps, tokens, cells };
  return { ...planned, runs: isFolder ? runsIn(path, planned) : runs };
}

/** Parts of a plan that can differ, by what they are. */
const parts = {
  'fixed settings': ({ grid }: PlannedGrid) => grid.fixed,
  'names to vary': ({ grid }: PlannedGrid) => Object.keys(grid.vary),
  'values to vary': ({ grid }: PlannedGrid) => grid.vary,
  seeds: ({ grid }: PlannedGrid) => grid.seeds,
  'the text or task': ({ sha256 }: PlannedGrid) => sha256,
  cells: ({ cells }: PlannedGrid) => cells,
} satisfies Readonly<Record<string, (one: PlannedGrid) => unknown>>;

type Part = keyof typeof parts;

/** What differs of an object: only the entries that do. */
const differing = (own: unknown, other: unknown): unknown =>
  isObject(own) && isObject(other)
    ? Object.fromEntries(Object.entries(own).filter(([name, value]) => !isDeepStrictEqual(value, other[name])))
    : own;

/** The first part in which two plans differ, in words, or null. */
function difference(a: PlannedGrid, b: PlannedGrid, among = Object.keys(parts) as readonly Part[]): string | null {
  const found = among.find((name) => !isDeepStrictEqual(parts[name](a), parts[name](b)));
  if (found === undefined) return null;
  const [own, other] = [parts[found](a), parts[found](b)];
  return `${found}: ${JSON.stringify(differing(own, other))} and ${JSON.stringify(differing(other, own))}`;
}

/** Joins results of one grid, each run once. Throws where they are of other grids, and where a run has two results. */
export function resultsOf(paths: readonly string[]): Results {
  const all = paths.map((path) => ({ path, results: resultsAt(path) }));
  const [{ path: firstPath, results: first }] = all as [(typeof all)[number]];
  const runs = new Map<string, { readonly path: string; readonly run: ResultRun }>();
  for (const { path, results } of all) {
    const words = difference(first, results);
    if (words !== null) fail(`merge: ${firstPath} and ${path} are of two grids, which differ in ${words}`);
    for (const run of results.runs) {
      const before = runs.get(run.name);
      if (before && !isDeepStrictEqual(before.run.points, run.points))
        fail(`merge: ${before.path} and ${path} have different results of ${run.name}; leave one of them out`);
      if (!before) runs.set(run.name, { path, run });
    }
  }
  return { ...first, runs: runNames(first).flatMap(({ name }) => runs.get(name)?.run ?? []) };
}
