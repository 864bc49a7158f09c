/** @file Draws cases as the check does, with the answers that are right and the answers of programs at a profile. */
import { f64 } from '../../../src/executors/f64/index.ts';
import type { Profile } from '../../../src/executors/profiles/profile.ts';
import { rounded } from '../../../src/executors/rounded/index.ts';
import type { Dtype } from '../../../src/oracle/backends/backend.ts';
import type { Case, Settings } from '../../../src/oracle/case.ts';
import { type Allowed, allowedFor } from '../../../src/oracle/check/verdict/allowed.ts';
import { type Verdict, verdictAt } from '../../../src/oracle/check/verdict/verdict.ts';
import { domainFrom } from '../../../src/oracle/domain/declared.ts';
import type { Domain } from '../../../src/oracle/domain/domain.ts';
import type { Operator } from '../../../src/oracle/operator.ts';
import { asAnswered, evaluate, type Program } from '../../../src/oracle/program.ts';
import type { Executor } from '../../../src/tensor/value.ts';
import { casesOf } from '../foreign/trial.ts';

/** The tensors of an answer, by name. */
export type Answered = Parameters<typeof verdictAt>[2];

/** A question at a profile, and what its answer may be. */
export interface Trial {
  readonly operator: Operator;
  readonly mode: string;
  readonly profile: Profile;
  readonly c: Case;
  readonly allowed: Allowed;
}

/** The type of the answers of an implementation. */
export const dtypeOf = ({ at }: Profile): Dtype => at.output.name.toUpperCase() as Dtype;

/** Sequences are short, so that no sum has more than 64 terms. */
const [longest, seed] = [12, 1];

/** A domain that names all settings which questions leave out by default; null if there are none. */
const withSettings = ({ name, optIn = [] }: Operator): Domain | null =>
  optIn.length === 0
    ? null
    : domainFrom({ settings: Object.fromEntries(optIn.map((setting) => [setting, { above: 0 }])) }, name);

/** Whether a trial's case has settings that questions leave out by default. */
export const hasSettings = ({ operator: { optIn = [] }, c }: Trial): boolean =>
  optIn.some((setting) => (c.settings as Settings)[setting] !== undefined);

/**
 * Makes the trials of a mode at a profile, each when it is first asked for: `count` of them, and then `settings` more that have the settings
 * which questions leave out by default, if the operator has such.
 */
export function trialsOf(
  operator: Operator,
  mode: string,
  profile: Profile,
  count: number,
  settings = 0,
): Iterable<Trial> {
  const dtype = dtypeOf(profile);
  const domain = withSettings(operator);
  const cases = [
    ...casesOf(operator, mode, { dtype, cases: count, longest, seed }),
    ...(domain === null ? [] : casesOf(operator, mode, { dtype, cases: settings, longest, seed, domain })),
  ];
  const known: Trial[] = [];
  return {
    *[Symbol.iterator]() {
      for (const [i, c] of cases.entries()) {
        known[i] ??= {
          operator,
          mode,
          profile,
          c,
          allowed: allowedFor(operator, { mode, dtype, gradients: true, c, profile }),
        };
        yield known[i];
      }
    },
  };
}

/** The answer of a program on an executor, in the types that the question asks for. */
const answered = (on: Executor, program: Program, { c, allowed }: Trial): Answered =>
  new Map(
    Object.entries(asAnswered(evaluate(program, c, on))).map(([name, x]) => [
      name,
      { dtype: allowed.tensors[name]!.dtypes[0]!, shape: x.shape, data: x.on.read(x.data) as Float64Array },
    ]),
  );

/** The answer of a program as an implementation at the trial's profile computes it. */
export const roundedAnswer = (program: Program, trial: Trial): Answered =>
  answered(rounded(trial.profile, trial.c.seed) as Executor, program, trial);

/** The answer of a program in double precision. */
export const exactAnswer = (program: Program, trial: Trial): Answered => answered(f64 as Executor, program, trial);

/** Judges an answer as the check does, by the mode's formula and its forms. */
export const verdictOf = ({ operator, mode, profile, c, allowed }: Trial, answer: Answered): Verdict =>
  verdictAt(operator, { mode, dtype: allowed.dtype, gradients: true, c, profile }, answer, allowed);
