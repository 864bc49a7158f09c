/** @file Counts, for each judge, the faults that pass and the right programs that fail, on the cases of the check. */
import { bfloat16, float16, float32, type Profile } from '../../../src/executors/profiles/profile.ts';
import type { Values } from '../../../src/oracle/case.ts';
import { isRightAnswer } from '../../../src/oracle/check/verdict/judged.ts';
import { tightest } from '../../../src/oracle/check/verdict/verdict.ts';
import type { Operator } from '../../../src/oracle/operator.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { arithmetics } from '../foreign/arithmetic.ts';
import { foreign } from '../foreign/index.ts';
import { answerOf, judgedAs } from '../foreign/trial.ts';
import { inScope } from '../sharpness/escapes.ts';
import { type Answered, hasSettings, roundedAnswer, type Trial, trialsOf, verdictOf } from '../sharpness/trials.ts';
import { type JudgedType, type Rule, rules } from './rules.ts';

/** The profile of programs in each type. */
export const profileOf: Readonly<Record<JudgedType, Profile>> = { F32: float32, BF16: bfloat16, F16: float16 };

/** What the judges say about one program. The last entry is ours. */
interface Said {
  readonly name: string;
  /** Whether each judge accepts all its answers. */
  readonly accepted: boolean[];
}

/** The programs of a type, all judged on the same cases. */
export interface Tried {
  readonly faults: readonly Said[];
  readonly right: readonly Said[];
}

/** A fault or a right program passes where every answer to these cases is accepted, and to those with settings that others leave out. */
const [cases, ofSettings] = [24, 12];

const acceptsBy = (rule: Rule, dtype: JudgedType, { allowed }: Trial, answer: Answered, plain: Answered): boolean =>
  Object.entries(allowed.tensors)
    .filter(([name]) => !rule.outputsOnly || name.startsWith('out/'))
    .every(([name, { expected }]) => {
      const own = answer.get(name)?.data;
      if (own?.length !== expected.length) return false;
      return rule.accepts({ name, answer: own, expected, plain: plain.get(name)!.data }, dtype);
    });

/** A program to be judged. */
interface Judged {
  readonly name: string;
  readonly kind: keyof Tried;
  /** Null where it does not take the case. */
  answerTo(trial: Trial): Answered | null;
  /** Whether densessm accepts its answer. */
  isRight(trial: Trial, answer: Answered): boolean;
}

const faultyIn = (operator: Operator, mode: string): Judged[] =>
  inScope
    .filter((fault) => fault.operator === operator && fault.mode === mode)
    .map(({ name, program }) => ({
      name,
      kind: 'faults',
      answerTo(trial) {
        try {
          return roundedAnswer(program, trial);
        } catch {
          // some faults cannot run on every case
          return null;
        }
      },
      isRight: (trial, answer) => isRightAnswer(verdictOf(trial, answer).judgement),
    }));

const rightIn = (operator: Operator, mode: string, dtype: JudgedType): Judged[] =>
  foreign
    .filter((one) => one.operator === operator.name && one.modes.includes(mode) && one.loses === undefined)
    .flatMap((program) =>
      arithmetics[dtype].map((arithmetic) => ({
        name: `${program.name} ${arithmetic.name}`,
        kind: 'right',
        answerTo(trial) {
          const { c, allowed } = trial;
          const takes = !hasSettings(trial) && (program.admits?.(c) ?? true);
          return takes ? answerOf(program, arithmetic, c, allowed) : null;
        },
        isRight: ({ c, allowed }, answer) => {
          const asked = { mode, dtype, gradients: true, c };
          return isRightAnswer(tightest(operator, asked, answer, judgedAs[dtype].profiles, 0, allowed).judgement);
        },
      })),
    );

/** Asks every judge about all answers of a program; null if it takes no case. */
function said(
  { name, answerTo, isRight }: Judged,
  dtype: JudgedType,
  trials: readonly (readonly [Trial, Answered])[],
): Said | null {
  const accepted: boolean[] = [...rules, null].map(() => true);
  let answered = 0;
  for (const [trial, plain] of trials) {
    const answer = answerTo(trial);
    if (answer === null) continue;
    answered++;
    for (const [i, rule] of rules.entries()) accepted[i] &&= acceptsBy(rule, dtype, trial, answer, plain);
    accepted[rules.length] &&= isRight(trial, answer);
  }
  return answered === 0 ? null : { name, accepted };
}

/** Tries all faults and all right programs in a type, on the cases of each of some distributions of numbers. */
export function triedIn(dtype: JudgedType, distributions: readonly (readonly Values[])[]): Tried[] {
  const all = distributions.map(() => ({ faults: [] as Said[], right: [] as Said[] }));
  for (const operator of operators as readonly Operator[]) {
    for (const mode of Object.keys(operator.modes)) {
      const programs = [...faultyIn(operator, mode), ...rightIn(operator, mode, dtype)];
      if (programs.length === 0) continue;
      const trials = [...trialsOf(operator, mode, profileOf[dtype], cases, ofSettings)].map(
        (trial) => [trial, roundedAnswer(operator.modes[mode]!, trial)] as const,
      );
      for (const [i, values] of distributions.entries()) {
        const some = trials.filter(([{ c }]) => values.includes(c.values));
        for (const program of programs) {
          const one = said(program, dtype, some);
          if (one !== null) all[i]![program.kind].push(one);
        }
      }
    }
  }
  return all;
}
