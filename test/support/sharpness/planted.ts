/** @file Plants errors of 8 unit roundoffs in single numbers of answers that are right otherwise. */
import { bounded } from '../../../src/executors/bounded/index.ts';
import type { Bounded } from '../../../src/executors/bounded/operands.ts';
import { float64 } from '../../../src/executors/profiles/profile.ts';
import { allowedFor } from '../../../src/oracle/check/verdict/allowed.ts';
import { isRightAnswer } from '../../../src/oracle/check/verdict/judged.ts';
import { ratioOf } from '../../../src/oracle/check/verdict/place.ts';
import { asAnswered, evaluate } from '../../../src/oracle/program.ts';
import type { Executor } from '../../../src/tensor/value.ts';
import { exactAnswer, type Trial, verdictOf } from './trials.ts';

/** A well-conditioned number of a right answer, with an error of 8 unit roundoffs of the type of outputs. */
export interface Planted {
  readonly tensor: string;
  readonly element: number;
  readonly wrong: number;
  /** The bound in double precision, in unit roundoffs of the number: how many roundings it has, each weighed by its effect. */
  readonly roundings: number;
  /** Whether the mode's formula rejects it. */
  readonly isRejected: boolean;
}

/** A number is well-conditioned if its terms are together at most this many times as large. */
const condition = 2;
const unitsOff = 8;
/** So many roundings are at most 4 u, and an error of 8 u is certainly beyond them. */
export const few = 4;

/** Plants an error in each well-conditioned number in turn. Signs alternate. */
export function plantedIn({ operator, mode, profile, c, allowed }: Trial): Planted[] {
  const { round, u, normal, largest } = profile.at.output;
  const values = asAnswered(evaluate(operator.modes[mode]!, c, bounded(float64) as Executor));
  const inF64 = allowedFor(operator, { mode, dtype: 'F64', gradients: true, c, profile: float64 });
  return Object.entries(values).flatMap(([tensor, value]) => {
    const { x, terms } = value.data as Bounded;
    const [{ bounds }, { bounds: e }] = [allowed.tensors[tensor]!, inF64.tensors[tensor]!];
    const found: Planted[] = [];
    x.forEach((right, element) => {
      const size = Math.abs(right);
      if (!(size >= 16 * normal && size <= largest / 16)) return;
      const roundings = e[element]! / (2 ** -52 * size);
      if (!(terms === null ? roundings <= few : terms.sizes[element]! <= condition * size)) return;
      const wrong = round(round(right) * (1 + (element % 2 === 0 ? unitsOff : -unitsOff) * u));
      found.push({ tensor, element, wrong, roundings, isRejected: ratioOf(wrong, right, bounds[element]!) > 1 });
    });
    return found;
  });
}

/** What the check says to an answer with one planted error: it is wrong, it is right, or it is right as a form, which is named. */
export function saidTo(trial: Trial, { tensor, element, wrong }: Planted): 'wrong' | 'right' | 'form' {
  const { round } = trial.profile.at.output;
  const answered = new Map(
    [...exactAnswer(trial.operator.modes[trial.mode]!, trial)].map(([name, one]) => {
      const data = one.data.map(round);
      return [name, { ...one, data: name === tensor ? data.with(element, wrong) : data }];
    }),
  );
  const { judgement, forms } = verdictOf(trial, answered);
  if (!isRightAnswer(judgement)) return 'wrong';
  return forms.length > 0 ? 'form' : 'right';
}
