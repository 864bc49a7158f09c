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
  readonly failure: { readonly seed: number; readonly settings: Case['settings']; readonly verdict: Verdict } | null;
  readonly milliseconds: number;
}

/** What a run needs and tells. */
export interface VerifyOptions extends Trials {
  readonly operators?: readonly Operator[];
  /** Called before each row, with how many are done. */
  readonly onProgress?: (done: number, total: number, row: string) => void;
  /** Called with each row when it is done. */
  readonly onRow?: (row: VerifiedRow) => void;
}

/** Whether a row compared enough and found everything right. */
export const isVerified = (row: VerifiedRow, cases: number): boolean =>
  row.cases >= cases && isRight(row.outputs) && isRight(row.gradient);

/** A row for every operator in every mode, on `cases` drawn cases each with sequences of up to `longest` tokens. */
export function verify({ operators = allOperators, onProgress, onRow, ...trials }: VerifyOptions): VerifiedRow[] {
  const pairs = operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));
  return pairs.map(({ operator, mode }, done) => {
    onProgress?.(done, pairs.length, `${operator.name} ${mode}`);
    const row = verifyMode(operator, mode, trials);
    onRow?.(row);
    return row;
  });
}

function verifyMode(operator: Operator, mode: string, trials: Trials): VerifiedRow {
  const start = performance.now();
  const subject = { operator, mode, program: operator.modes[mode]! };
  let outputs = flawless;
  let others = flawless;
  let failure: VerifiedRow['failure'] = null;
  let [count, gradients, longest] = [0, 0, 0];
  for (const c of definedCases(operator, mode, trials)) {
    count++;
    longest = Math.max(longest, longestIn(operator, c));
    const found = judge(definition, subject, c);
    const law = gradientLaw(operator, mode, c);
    const beside = law === null ? null : judge(law, subject, c);
    if (beside !== null) gradients++;
    outputs = worse(outputs, found);
    others = worse(others, beside ?? flawless);
    const wrong = [found, beside].find((verdict) => verdict !== null && !isRight(verdict));
    if (wrong && failure === null) failure = { seed: c.seed, settings: c.settings, verdict: wrong };
  }
  const milliseconds = performance.now() - start;
  return {
    operator: operator.name,
    mode,
    cases: count,
    gradients,
    longest,
    outputs,
    gradient: others,
    failure,
    milliseconds,
  };
}

/** The reference mode's gradients are held against the definition, where it is short; the other modes' against the reference's. */
function gradientLaw(operator: Operator, mode: string, c: Case): Law | null {
  if (modes.applies(operator, mode, c)) return modes;
  const isShort = longestIn(operator, c) <= 16;
  return mode === operator.reference && isShort && derivative.applies(operator, mode, c) ? derivative : null;
}

/** As many cases as asked for, all of which the mode admits and the definition defines. */
function definedCases(operator: Operator, mode: string, { cases, longest, seed }: Trials): Case[] {
  const drawn = sampleCases(operator, { longest }, 4 * cases, seed);
  const isDefined = (c: Case): boolean =>
    operator.admits(c.settings, mode) && operator.defines(c.settings) && Object.keys(c.cotangents).length > 0;
  return drawn.filter(isDefined).slice(0, cases);
}

function longestIn({ time }: Operator, c: Case): number {
  const lengths = Object.entries(time?.inputs ?? {}).map(([name, axis]) => c.inputs[name]?.shape[axis] ?? 0);
  return Math.max(0, ...lengths);
}
