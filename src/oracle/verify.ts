/** @file Compares every operator and mode with the scalar definition and the other modes, on drawn cases. */
import { longestIn } from './axes.ts';
import { type Case, fill } from './case.ts';
import { flawless, isRight, type Verdict, worse } from './compare.ts';
import { sampleDraws } from './draw.ts';
import type { Law } from './law.ts';
import { definition, modes } from './laws/agreement.ts';
import { derivative } from './laws/derivative.ts';
import type { Operator } from './operator.ts';
import { operators as allOperators } from './operators/index.ts';
import { judge, type Trials } from './trial.ts';

/** One operator in one mode. */
export interface VerifiedRow {
  readonly operator: string;
  readonly mode: string;
  /** Whether the operator has no gradients to compare. */
  readonly forwardOnly?: true;
  /** The number of cases whose outputs and final states were compared with the scalar definition. */
  readonly cases: number;
  /** The number of cases whose gradients were compared, with the reference mode or with finite differences of the definition. */
  readonly gradients: number;
  /** The length of the longest sequence. */
  readonly longest: number;
  /** The worst verdict on outputs and final states. */
  readonly outputs: Verdict;
  /** The worst verdict on gradients. */
  readonly gradient: Verdict;
  readonly failure: {
    readonly seed: number;
    readonly settings: Case['settings'];
    readonly shapes: Readonly<Record<string, readonly number[]>>;
    readonly verdict: Verdict;
  } | null;
  readonly milliseconds: number;
}

/** Whether a row compared at least `cases` cases and, unless it is forward-only, some gradients, and found no error. */
export const isVerified = (row: VerifiedRow, cases: number): boolean =>
  row.cases >= cases &&
  (row.gradients > 0 || row.forwardOnly === true) &&
  isRight(row.outputs) &&
  isRight(row.gradient);

/** An operator in one of its modes. */
export interface ModeOf {
  readonly operator: Operator;
  readonly mode: string;
}

/** Lists every operator in each of its modes, in order. */
export const everyMode = (operators: readonly Operator[] = allOperators): ModeOf[] =>
  operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));

/**
 * Verifies an operator in each of its modes, on `cases` drawn cases with sequences of up to `longest` tokens. Modes share the cases
 * that they admit, so that shared results are computed once.
 */
export function verifyOperator(operator: Operator, trials: Trials): VerifiedRow[] {
  const drawn = drawnCases(operator, trials);
  return Object.keys(operator.modes).map((mode) => verifyMode(operator, mode, drawn, trials));
}

function verifyMode(operator: Operator, mode: string, drawn: DrawnCases, trials: Trials): VerifiedRow {
  const start = performance.now();
  const subject = { operator, mode, program: operator.modes[mode]! };
  let [outputs, gradient, failure] = [flawless, flawless, null as VerifiedRow['failure']];
  let [cases, gradients, longest] = [0, 0, 0];
  for (const c of drawn(mode)) {
    if (cases === trials.cases) break;
    longest = Math.max(longest, longestIn(operator, c));
    const isDefined = operator.defines(c.settings);
    const law = gradientLaw(operator, mode, c);
    // a definition may not cover a continued sequence; the mode is then compared only with the reference mode
    const found = isDefined ? judge(definition, subject, c) : null;
    const beside = law === null ? null : judge(law, subject, c);
    if (found !== null) cases++;
    if (beside !== null) gradients++;
    outputs = worse(outputs, found ?? flawless);
    gradient = worse(gradient, beside ?? flawless);
    const wrong = [found, beside].find((verdict) => verdict !== null && !isRight(verdict));
    if (wrong && failure === null)
      failure = { seed: c.seed, settings: c.settings, shapes: shapesOf(c), verdict: wrong };
  }
  const milliseconds = performance.now() - start;
  const only = operator.forwardOnly === true ? ({ forwardOnly: true } as const) : {};
  return {
    operator: operator.name,
    mode,
    ...only,
    cases,
    gradients,
    longest,
    outputs,
    gradient,
    failure,
    milliseconds,
  };
}

const shapesOf = (c: Case): Record<string, readonly number[]> =>
  Object.fromEntries(Object.entries(c.inputs).map(([name, { shape }]) => [name, shape]));

/**
 * Selects the law for gradients. A mode is compared with the reference mode. The reference mode, and a mode that is a different
 * function, is compared with finite differences of the definition, on short sequences only.
 */
function gradientLaw(operator: Operator, mode: string, c: Case): Law | null {
  if (modes.applies(operator, mode, c)) return modes;
  const isShort = longestIn(operator, c) <= 16;
  const isFirst = mode === operator.reference || !operator.modesAgree(c.settings);
  return isFirst && isShort && derivative.applies(operator, mode, c) ? derivative : null;
}

/** Yields the cases that a mode admits. Each has at least one output. */
type DrawnCases = (mode: string) => Iterable<Case>;

/** Draws four times the requested cases, since modes refuse some. Their numbers are computed lazily. */
function drawnCases(operator: Operator, { cases, longest, seed }: Trials): DrawnCases {
  const all = sampleDraws(operator, { longest }, 4 * cases, seed)
    .filter(({ layout }) => Object.keys(layout.outputs).length > 0)
    .map(({ layout, ...numbers }) => {
      let filled: Case | undefined;
      return { settings: layout.settings, filled: () => (filled ??= fill(layout, numbers.seed, numbers.values)) };
    });
  return function* (mode) {
    for (const { settings, filled } of all) if (operator.admits(settings, mode)) yield filled();
  };
}
