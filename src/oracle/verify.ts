/** @file The main job: every operator in every mode against its scalar definition and its other modes, on drawn cases. */
import type { Case } from './case.ts';
import { flawless, isRight, type Verdict, worse } from './compare.ts';
import type { Law } from './law.ts';
import { definition, modes } from './laws/agreement.ts';
import { derivative } from './laws/derivative.ts';
import type { Operator } from './operator.ts';
import { sampleCases } from './operators/draw.ts';
import { operators as allOperators } from './operators/index.ts';
import { judge, type Trials } from './trial.ts';

/** One operator in one mode. */
export interface VerifiedRow {
  readonly operator: string;
  readonly mode: string;
  /** Cases compared with the scalar definition: outputs and final states. */
  readonly cases: number;
  /** Cases whose gradients were compared: with the reference mode's, or the reference mode's with differences of the definition. */
  readonly gradients: number;
  /** The longest sequence among them. */
  readonly longest: number;
  /** The worst of outputs and final states against the definition. */
  readonly outputs: Verdict;
  /** The worst of those. */
  readonly gradient: Verdict;
  readonly failure: {
    readonly seed: number;
    readonly settings: Case['settings'];
    readonly shapes: Readonly<Record<string, readonly number[]>>;
    readonly verdict: Verdict;
  } | null;
  readonly milliseconds: number;
}

/** Whether a row compared enough, outputs and gradients, and found everything right. */
export const isVerified = (row: VerifiedRow, cases: number): boolean =>
  row.cases >= cases && row.gradients > 0 && isRight(row.outputs) && isRight(row.gradient);

/** An operator in one of its modes. */
export interface ModeOf {
  readonly operator: Operator;
  readonly mode: string;
}

/** Every operator in every mode, in order. */
export const everyMode = (operators: readonly Operator[] = allOperators): ModeOf[] =>
  operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));

/** The row of an operator in a mode, on `cases` drawn cases with sequences of up to `longest` tokens. */
export function verifyMode({ operator, mode }: ModeOf, trials: Trials): VerifiedRow {
  const start = performance.now();
  const subject = { operator, mode, program: operator.modes[mode]! };
  let [outputs, gradient, failure] = [flawless, flawless, null as VerifiedRow['failure']];
  let [cases, gradients, longest] = [0, 0, 0];
  for (const c of admittedCases(operator, mode, trials)) {
    if (cases === trials.cases) break;
    longest = Math.max(longest, longestIn(operator, c));
    const isDefined = operator.defines(c.settings);
    const law = gradientLaw(operator, mode, c);
    // a sequence that continues another one has no definition, but other modes to agree with
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
  return { operator: operator.name, mode, cases, gradients, longest, outputs, gradient, failure, milliseconds };
}

const shapesOf = (c: Case): Record<string, readonly number[]> =>
  Object.fromEntries(Object.entries(c.inputs).map(([name, { shape }]) => [name, shape]));

/**
 * Gradients are held against the reference mode's; the reference mode's, and those of modes that are functions of their own,
 * against differences of the definition, where the sequence is short.
 */
function gradientLaw(operator: Operator, mode: string, c: Case): Law | null {
  if (modes.applies(operator, mode, c)) return modes;
  const isShort = longestIn(operator, c) <= 16;
  const isFirst = mode === operator.reference || !operator.modesAgree(c.settings);
  return isFirst && isShort && derivative.applies(operator, mode, c) ? derivative : null;
}

/** More cases than asked for, all of which the mode admits and which have something to compare. */
const admittedCases = (operator: Operator, mode: string, { cases, longest, seed }: Trials): Case[] =>
  sampleCases(operator, { longest }, 4 * cases, seed).filter(
    (c) => operator.admits(c.settings, mode) && Object.keys(c.cotangents).length > 0,
  );

function longestIn({ time }: Operator, c: Case): number {
  const lengths = Object.entries(time?.inputs ?? {}).map(([name, axis]) => c.inputs[name]?.shape[axis] ?? 0);
  return Math.max(0, ...lengths);
}
