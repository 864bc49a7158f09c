/** @file Draws cases, has foreign programs answer them, and judges the answers. */
import * as fc from 'fast-check';
import { f64 } from '../../../src/executors/f64/index.ts';
import type { Dtype } from '../../../src/oracle/backends/backend.ts';
import type { Case } from '../../../src/oracle/case.ts';
import { type Allowed, allowedFor, profilesOf } from '../../../src/oracle/check/allowed.ts';
import { isRightAnswer, type Judgement } from '../../../src/oracle/check/judged.ts';
import { questionCase, questionDraws, worthAsking } from '../../../src/oracle/check/question.ts';
import { bothRatios, noRatios, type Ratios } from '../../../src/oracle/check/ratios.ts';
import { tightest } from '../../../src/oracle/check/verdict.ts';
import type { Operator } from '../../../src/oracle/operator.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { asAnswered, evaluate } from '../../../src/oracle/program.ts';
import type { Executor } from '../../../src/tensor/value.ts';
import type { Arithmetic } from './arithmetic.ts';
import type { Foreign } from './program.ts';

/** The record of a program in an arithmetic. */
export interface Tried {
  readonly program: Foreign;
  readonly arithmetic: Arithmetic;
  cases: number;
  alarms: number;
  ratios: Ratios;
  /** The alarm on the smallest case. */
  smallest: { readonly c: Case; readonly judgement: Judgement } | null;
}

/** Which cases to draw. */
export interface Drawing {
  readonly dtype: Dtype;
  readonly cases: number;
  readonly longest: number;
  readonly seed: number;
}

/** Which programs to try in which arithmetics, and on what. */
export interface Trial extends Drawing {
  readonly programs: readonly Foreign[];
  readonly arithmetics: readonly Arithmetic[];
}

/** The operator of a name. Throws an Error if there is none. */
export function operatorOf(name: string): Operator {
  const found = operators.find((operator) => operator.name === name);
  if (found === undefined) throw new Error(`no operator ${name}`);
  return found as Operator;
}

/** The judgement of a program's answer to a case. */
export function judgementOf(
  { run, operator }: Foreign,
  a: Arithmetic,
  c: Case,
  asked: { readonly mode: string; readonly dtype: Dtype; readonly gradients: boolean },
  allowed: Allowed,
): Judgement {
  const answer = new Map(
    Object.entries(run(c, a)).map(([name, data]) => {
      const shape = allowed.tensors[name]?.shape ?? [data.length];
      return [name, { dtype: allowed.dtype, shape, data }];
    }),
  );
  const question = { ...asked, c };
  return tightest(operatorOf(operator), question, answer, profilesOf[asked.dtype], 0, allowed).judgement;
}

/** The largest error of an answer in units of its largest number: tells wrong programs from rounding. */
export function shareOff({ run }: Foreign, a: Arithmetic, c: Case, mode: string, operator: Operator): number {
  const expected = asAnswered(evaluate(operator.modes[mode]!, c, f64 as Executor));
  const answer = run(c, a);
  let [largest, worst] = [Number.MIN_VALUE, 0];
  if (Object.keys(answer).sort().join() !== Object.keys(expected).sort().join()) return Number.POSITIVE_INFINITY;
  for (const [name, x] of Object.entries(expected)) {
    const right = f64.read(x.data as Float64Array);
    const own = answer[name]!;
    if (own.length !== right.length) return Number.POSITIVE_INFINITY;
    right.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value));
      const error = value === own[i] ? 0 : Math.abs(own[i]! - value);
      worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
    });
  }
  return worst / largest;
}

/** Yields the cases of an operator in a mode that are asked of backends. */
export function* casesOf(operator: Operator, mode: string, { dtype, cases, longest, seed }: Drawing): Generator<Case> {
  const drawn = questionDraws(operator, mode, { cases, longest }, { compiles: false });
  let given = 0;
  for (let [at, block] = [0, 64]; given < cases && at < 100 * cases; at += block, block = Math.min(2 * block, 4096)) {
    for (const draw of fc.sample(drawn, { seed, path: `${at}`, numRuns: block })) {
      if (given === cases) return;
      if (!operator.admits(draw.layout.settings, mode) || !worthAsking(draw)) continue;
      given++;
      yield questionCase(operator, dtype, draw);
    }
  }
}

/** How many numbers a case has. */
export const sizeOfCase = ({ inputs }: Case): number =>
  Object.values(inputs).reduce((total, { data }) => total + data.length, 0);

/** Tries programs of one operator in one mode, all on the same cases. */
export function tryMode(trial: Trial, operator: Operator, mode: string): Tried[] {
  const tried = trial.programs
    .filter((program) => program.operator === operator.name && program.modes.includes(mode))
    .flatMap((program) =>
      trial.arithmetics.map(
        (arithmetic): Tried => ({ program, arithmetic, cases: 0, alarms: 0, ratios: noRatios, smallest: null }),
      ),
    );
  for (const c of casesOf(operator, mode, trial)) {
    const takers = tried.filter(({ program }) => program.admits?.(c) ?? true);
    if (takers.length === 0) continue;
    const asked = { mode, dtype: trial.dtype, gradients: true };
    const allowed = allowedFor(operator, { ...asked, c });
    for (const one of takers) {
      const judgement = judgementOf(one.program, one.arithmetic, c, asked, allowed);
      one.cases++;
      one.ratios = bothRatios(one.ratios, judgement.ratios);
      if (isRightAnswer(judgement)) continue;
      one.alarms++;
      if (one.smallest === null || sizeOfCase(c) < sizeOfCase(one.smallest.c)) one.smallest = { c, judgement };
    }
  }
  return tried;
}
