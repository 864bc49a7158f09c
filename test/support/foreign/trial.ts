/** @file Draws cases, has foreign programs answer them, and judges the answers. */
import { f64 } from '../../../src/executors/f64/index.ts';
import { bf16Format, type Format, f16Format } from '../../../src/executors/profiles/format.ts';
import {
  bfloat16,
  bfloat16Everywhere,
  bfloat16State,
  float16,
  float16Everywhere,
  float16State,
  type Profile,
  tf32,
} from '../../../src/executors/profiles/profile.ts';
import type { StoredTensor } from '../../../src/io/safetensors.ts';
import type { Dtype } from '../../../src/oracle/backends/backend.ts';
import type { Case } from '../../../src/oracle/case.ts';
import { drawsInTurn } from '../../../src/oracle/check/questions/in-turn.ts';
import { questionCase, questionDraws } from '../../../src/oracle/check/questions/question.ts';
import { type Allowed, allowedFor, profilesOf } from '../../../src/oracle/check/verdict/allowed.ts';
import { isRightAnswer, type Judgement } from '../../../src/oracle/check/verdict/judged.ts';
import { bothRatios, noRatios, type Ratios } from '../../../src/oracle/check/verdict/ratios.ts';
import { tightest } from '../../../src/oracle/check/verdict/verdict.ts';
import type { Domain } from '../../../src/oracle/domain/domain.ts';
import type { Operator } from '../../../src/oracle/operator.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { asAnswered, evaluate } from '../../../src/oracle/program.ts';
import type { Executor } from '../../../src/tensor/value.ts';
import type { Arithmetic, ProfileName } from './arithmetic.ts';
import type { Foreign } from './program.ts';

/** The type of inputs, and the profiles of which one must explain an answer, from fine to coarse. */
interface JudgedAs {
  readonly dtype: Dtype;
  readonly profiles: readonly Profile[];
}

const withScores = (profile: Profile, format: Format): Profile => ({
  ...profile,
  at: { ...profile.at, score: format, decay: format },
});

/** How the answers of arithmetics are judged. Without a declaration, a type has its usual profiles. */
export const judgedAs: Readonly<Record<ProfileName, JudgedAs>> = {
  F64: { dtype: 'F64', profiles: profilesOf.F64 },
  F32: { dtype: 'F32', profiles: profilesOf.F32 },
  TF32: { dtype: 'F32', profiles: [tf32] },
  BF16: { dtype: 'BF16', profiles: profilesOf.BF16 },
  'BF16 state': { dtype: 'BF16', profiles: [bfloat16State, bfloat16Everywhere] },
  'BF16 scores': { dtype: 'BF16', profiles: [withScores(bfloat16, bf16Format), bfloat16Everywhere] },
  F16: { dtype: 'F16', profiles: profilesOf.F16 },
  'F16 state': { dtype: 'F16', profiles: [float16State, float16Everywhere] },
  'F16 scores': { dtype: 'F16', profiles: [withScores(float16, f16Format), float16Everywhere] },
};

/** An answer that the bounds reject. */
export interface Alarm {
  readonly c: Case;
  readonly judgement: Judgement;
}

/** The record of a program in an arithmetic. */
export interface Tried {
  readonly program: Foreign;
  readonly arithmetic: Arithmetic;
  cases: number;
  /** Answers that no profile explains. */
  alarms: number;
  /** Answers that only a coarser profile explains. */
  coarser: number;
  ratios: Ratios;
  /** The alarm on the smallest case. */
  smallest: Alarm | null;
}

/** Which cases to draw. */
export interface Drawing {
  readonly dtype: Dtype;
  readonly cases: number;
  readonly longest: number;
  readonly seed: number;
  /** The part of the operator that is drawn; all of it by default. */
  readonly domain?: Domain | undefined;
}

/** Which programs to try in which arithmetics, and on what. */
export interface Trial extends Omit<Drawing, 'dtype'> {
  readonly profile: ProfileName;
  readonly programs: readonly Foreign[];
  readonly arithmetics: readonly Arithmetic[];
  /** Whether each case is tried in one of the arithmetics, in turn, and not in all. */
  readonly rotates?: boolean;
}

/** The operator of a name. Throws an Error if there is none. */
export function operatorOf(name: string): Operator {
  const found = operators.find((operator) => operator.name === name);
  if (found === undefined) throw new Error(`no operator ${name}`);
  return found as Operator;
}

/** A program's answer to a case, with the shapes of the right one. */
export function answerOf(
  { run }: Foreign,
  a: Arithmetic,
  c: Case,
  { tensors, dtype }: Allowed,
): Map<string, StoredTensor> {
  const numbers = Object.entries(run(c, a));
  return new Map(numbers.map(([name, data]) => [name, { dtype, shape: tensors[name]?.shape ?? [data.length], data }]));
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
export function* casesOf(
  operator: Operator,
  mode: string,
  { dtype, cases, longest, seed, domain }: Drawing,
): Generator<Case> {
  const questions = questionDraws(operator, mode, { cases, longest }, { compiles: false, domain });
  let given = 0;
  for (const { draw } of drawsInTurn(operator, mode, questions, { cases, seed })) {
    if (given === cases) return;
    given++;
    yield questionCase(operator, dtype, draw);
  }
}

/** How many numbers a case has. */
export const sizeOfCase = ({ inputs }: Case): number =>
  Object.values(inputs).reduce((total, { data }) => total + data.length, 0);

/** Tries programs of one operator in one mode, all on the same cases. */
export function tryMode(trial: Trial, operator: Operator, mode: string): Tried[] {
  const { dtype, profiles } = judgedAs[trial.profile];
  const tried = trial.programs
    .filter((program) => program.operator === operator.name && program.modes.includes(mode))
    .flatMap((program) =>
      trial.arithmetics.map((arithmetic): Tried => {
        const none = { cases: 0, alarms: 0, coarser: 0, ratios: noRatios, smallest: null };
        return { program, arithmetic, ...none };
      }),
    );
  let turn = 0;
  for (const c of casesOf(operator, mode, { ...trial, dtype })) {
    const now = trial.rotates ? trial.arithmetics[turn++ % trial.arithmetics.length] : undefined;
    const takers = tried.filter(
      ({ program, arithmetic }) => (now === undefined || arithmetic === now) && (program.admits?.(c) ?? true),
    );
    if (takers.length === 0) continue;
    const asked = { mode, dtype, gradients: true, c };
    const allowed = allowedFor(operator, { ...asked, profile: profiles[0]! });
    for (const one of takers) {
      const answer = answerOf(one.program, one.arithmetic, c, allowed);
      const { judgement, at } = tightest(operator, asked, answer, profiles, 0, allowed);
      one.cases++;
      one.ratios = bothRatios(one.ratios, judgement.ratios);
      if (isRightAnswer(judgement)) {
        if (at > 0) one.coarser++;
        continue;
      }
      one.alarms++;
      if (one.smallest === null || sizeOfCase(c) < sizeOfCase(one.smallest.c)) one.smallest = { c, judgement };
    }
  }
  return tried;
}
