/** @file Chooses cases of an operator in a mode and type: few and small ones that catch many of its known faults. */
import { dtypes as allTypes, type Dtype } from '../backends/backend.ts';
import { batchedOf } from '../batches/batched.ts';
import { partsOf, rowModes } from '../batches/rows.ts';
import type { Case } from '../case.ts';
import { drawsInTurn, type InTurn } from '../check/questions/in-turn.ts';
import { onGrid } from '../check/questions/on-grid.ts';
import { questionCase, questionDraws } from '../check/questions/question.ts';
import type { Replay } from '../check/row.ts';
import { numbersIn } from '../draw.ts';
import type { Operator } from '../operator.ts';
import { type Accepted, type AcceptedTensor, acceptedOf } from './accepted.ts';
import { branchesOf } from './branches.ts';
import { faultsIn, isCaught } from './caught.ts';
import type { Preset } from './presets.ts';

/** An operator in a mode, perhaps on batches, and a type: `chunkwise`, `chunkwise/packed`. */
export interface FrozenRow {
  readonly operator: Operator;
  readonly mode: string;
  readonly dtype: Dtype;
}

/** A chosen case. */
export interface FrozenCase extends FrozenRow {
  readonly c: Case;
  /** How `densessm check` draws it again. */
  readonly replay: Replay;
  readonly accepted: Accepted;
  /** The names of the known faults that it catches. */
  readonly catches: readonly string[];
}

/** The rows of a preset, in the order of the operators. */
export const rowsOf = ({ dtypesOf, modesOf }: Preset, operators: readonly Operator[]): FrozenRow[] =>
  operators.flatMap((operator) =>
    modesOf(operator, rowModes(operator)).flatMap((mode) =>
      allTypes.filter((dtype) => dtypesOf(mode).includes(dtype)).map((dtype) => ({ operator, mode, dtype })),
    ),
  );

/** The operator of a row: that of its batches where its sequences have unequal lengths. */
export const operatorOf = ({
  operator,
  mode: row,
}: Pick<FrozenRow, 'operator' | 'mode'>): {
  readonly operator: Operator;
  readonly mode: string;
} => {
  const { mode, kind } = partsOf(row);
  return { operator: batchedOf(operator, kind), mode };
};

/** So many draws are looked at for each candidate. */
const drawnForOne = 8;

/** Draws cases of a row that are small enough for a preset, or the smallest two if none is. */
function candidates(row: FrozenRow, { candidates: count, most }: Preset, seed: number): [Case, Replay][] {
  const { operator, mode } = operatorOf(row);
  const size = { cases: count, seed };
  const [drawn, fits]: [InTurn[], InTurn[]] = [[], []];
  for (const one of drawsInTurn(operator, mode, questionDraws(operator, mode, size, { compiles: false }), size)) {
    drawn.push(one);
    if (numbersIn(one.draw.layout) <= most) fits.push(one);
    if (fits.length === count || drawn.length === drawnForOne * count) break;
  }
  const small = drawn.toSorted((a, b) => numbersIn(a.draw.layout) - numbersIn(b.draw.layout)).slice(0, 2);
  return (fits.length > 0 ? fits : small).map(({ draw, replay }) => [
    onGrid(questionCase(operator, row.dtype, draw), row.dtype),
    replay,
  ]);
}

/** A fault to catch counts more than all branches. */
const perFault = 1000;

/** A case without a bound, or without a number to get wrong, is worse than any number of tensors that may be zeros. */
const perFlaw = 1e6;

/** Whether an answer of zeros is wrong in a tensor. */
const tellsZero = ({ right, bounds }: AcceptedTensor): boolean => right.some((x, i) => Math.abs(x) > bounds[i]!);

/**
 * How much a case accepts that it should not, from nothing on: any number beyond padding, zeros as all outputs, and zeros in each tensor whose
 * right numbers are others, as bounds of small models may be as large as their gradients.
 */
function laxity({ unbounded, tensors }: Accepted): number {
  const all = Object.entries(tensors);
  const vague = all.filter(([, one]) => one.right.some((x) => x !== 0) && !tellsZero(one)).length;
  const isVain = !all.some(([name, one]) => name.startsWith('out/') && tellsZero(one));
  return (unbounded > 0 ? 2 * perFlaw : 0) + (isVain ? perFlaw : 0) + vague;
}

/**
 * The cases of a row, of those that accept no more than others: each the one with the most faults to catch, and of these the most branches to
 * take, that none before it has, until there are no more, or a preset has enough. A row has one case at least.
 */
export function chosenIn(row: FrozenRow, preset: Preset, seed: number): FrozenCase[] {
  const { operator, mode } = operatorOf(row);
  const faults = faultsIn(operator, mode);
  const drawn = candidates(row, preset, seed).map(
    ([c, replay]) => [c, replay, acceptedOf(operator, mode, row.dtype, c)] as const,
  );
  const least = Math.min(...drawn.map(([, , accepted]) => laxity(accepted)));
  const strict = drawn.filter(([, , accepted]) => laxity(accepted) === least);
  const left = strict.map(([c, replay, accepted]): FrozenCase => {
    const caught = faults.filter((fault) => isCaught(fault, c, accepted)).map(({ name }) => name);
    return { ...row, c, replay, accepted, catches: [...new Set(caught)].sort() };
  });
  const [chosen, caught, taken] = [[] as FrozenCase[], new Set<string>(), new Set<string>()];
  const gain = ({ catches, c }: FrozenCase): number =>
    perFault * catches.filter((name) => !caught.has(name)).length +
    new Set(branchesOf(operator, c).filter((branch) => !taken.has(branch))).size;
  while (left.length > 0 && chosen.length < preset.cases) {
    const best = left.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    if (chosen.length > 0 && gain(best) === 0) break;
    for (const name of best.catches) caught.add(name);
    for (const branch of branchesOf(operator, best.c)) taken.add(branch);
    chosen.push(best);
    left.splice(left.indexOf(best), 1);
  }
  return chosen;
}
