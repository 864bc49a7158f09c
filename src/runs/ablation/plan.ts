/** @file Plans a grid: brings its cells to equal size, checks all settings, and names its runs, before anything is trained. */
import { fail, InputError } from '../../tensor/errors.ts';
import { checkAsked, checkLength, type Problem, problemOf } from '../problem.ts';
import { checkedSettings } from '../setting-rules.ts';
import { completed, configOf, hasHeads, runSettings, type Settings } from '../settings.ts';
import { atSize, parametersOf } from '../sizes.ts';
import { type Cell, cellsOf, type Grid } from './grid.ts';

/** A cell with its width and number of parameters. */
export interface PlannedCell extends Cell {
  readonly width: number;
  readonly parameters: number;
}

/** A run: a cell with a seed, and the folder of its own. */
export interface PlannedRun {
  readonly name: string;
  readonly cell: PlannedCell;
  readonly seed: number;
}

export interface Plan {
  readonly grid: Grid;
  readonly problem: Problem;
  readonly cells: readonly PlannedCell[];
  /** All cells with the first seed, then with the next: what an interrupted grid has can be compared. */
  readonly runs: readonly PlannedRun[];
  /** Steps and tokens of each run. */
  readonly steps: number;
  readonly tokens: number;
}

/** What `make` returns, or the message of its error. */
function attempt<T>(make: () => T): T | string {
  try {
    return make();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/** The name of a run, also of its folder. */
export const runName = (cell: string, seed: number): string => `${cell},seed=${seed}`;

/** Throws where a cell asks for more dense layers than the last layer has below it: then it is the model of fewer. */
function checkDense({ layers, denseLayers }: Settings): void {
  if (denseLayers !== null && denseLayers > layers - 1)
    fail(`the last of ${layers} layers has ${layers - 1} below it, so this is the model of dense-layers=${layers - 1}`);
}

/** Cells with their sizes, or why they cannot be. */
type Sized = readonly { readonly cell: Cell; readonly found: PlannedCell | string }[];

/** Brings cells to the size that the first has with the width of `full`. */
function sizedCells(cells: readonly Cell[], full: Settings, vocabulary: number): Sized {
  const complete = (cell: Cell): Settings => ({ ...completed(cell.asked), seed: full.seed, width: full.width });
  const reference = attempt(() => parametersOf(complete(cells[0]!), vocabulary));
  // the others have no size to come to
  if (typeof reference === 'string') return [{ cell: cells[0]!, found: reference }];
  const sized = (cell: Cell): PlannedCell => {
    checkDense(complete(cell));
    const settings = cell === cells[0] ? complete(cell) : atSize(complete(cell), reference, vocabulary);
    runSettings(settings, configOf(settings, vocabulary), settings.steps); // throws on a schedule that cannot be
    return { ...cell, width: settings.width, parameters: parametersOf(settings, vocabulary) };
  };
  return cells.map((cell) => ({ cell, found: attempt(() => sized(cell)) }));
}

const failures = (sized: Sized): string[] =>
  sized.flatMap(({ cell, found }) => (typeof found === 'string' ? [`${cell.name}: ${found}`] : []));

/** Widths at which other widths are tried: multiples of this. */
const widthStep = 8;

/** The width nearest to that of `full` at which all cells can be of equal size, if one is within a factor of 4. */
function fittingWidth(cells: readonly Cell[], full: Settings, vocabulary: number): number | undefined {
  return Array.from({ length: Math.ceil(widestTried(full) / widthStep) }, (_, i) => (i + 1) * widthStep)
    .sort((a, b) => Math.abs(a - full.width) - Math.abs(b - full.width))
    .find((width) => failures(sizedCells(cells, { ...full, width }, vocabulary)).length === 0);
}

const widestTried = ({ width }: Settings): number => 4 * width;

/** Options with which all cells can be of equal size, in words: another width, where there is none fewer heads too; or that there are none. */
function remedyFor({ fixed, vary }: Grid, cells: readonly Cell[], full: Settings, vocabulary: number): string {
  const haveHeads = cells.some(({ asked }) => hasHeads(completed(asked).model)) && !('heads' in vary);
  const fewer = Array.from({ length: full.heads - 1 }, (_, i) => full.heads - 1 - i);
  const heads = [full.heads, ...(haveHeads ? fewer.filter((one) => full.heads % one === 0) : [])];
  for (const one of heads) {
    const own = one === full.heads ? cells : cellsOf({ fixed: { ...fixed, heads: one }, vary });
    const width = fittingWidth(own, { ...full, heads: one }, vocabulary);
    if (width === undefined) continue;
    const options = [`--width ${width}`, ...(one === full.heads ? [] : [`--heads ${one}`])];
    return `with ${options.join(' ')} all cells are of equal size, within a tenth`;
  }
  return `no --width up to ${widestTried(full)}${haveHeads ? ', with as many heads or fewer,' : ''} mends all of them: leave out those above, or change what they say`;
}

/** Plans a grid. Throws on settings that a cell cannot have, and where cells cannot be of equal size, naming all of them. */
export function planOf(grid: Grid): Plan {
  const { fixed, seeds } = grid;
  checkAsked(fixed);
  for (const seed of seeds) checkedSettings('ablate: --seeds', { seed });
  const full: Settings = { ...completed(fixed), seed: seeds[0]! };
  const problem = problemOf(full);
  const vocabulary = problem.tokens.size;
  const all = cellsOf(grid);
  const sized = sizedCells(all, full, vocabulary);
  const wrong = failures(sized);
  if (wrong.length > 0) {
    fail(
      `ablate: ${wrong.length} of ${all.length} cells cannot be, or not at the size of the first:\n  ${wrong.join('\n  ')}\n${remedyFor(grid, all, full, vocabulary)}`,
    );
  }
  const cells = sized.map(({ found }) => found as PlannedCell);
  checkLength(problem, full.length);
  const runs = seeds.flatMap((seed) => cells.map((cell) => ({ name: runName(cell.name, seed), cell, seed })));
  const { steps, batch, length, accumulate } = full;
  return { grid, problem, cells, runs, steps, tokens: steps * batch * length * accumulate };
}

/** Settings that `begin` takes for a run. */
export const askedFor = ({ cell, seed }: PlannedRun): Partial<Settings> => ({ ...cell.asked, width: cell.width, seed });
