/** @file Measures how sharp the bounds at a profile are: errors of right implementations, known faults, and planted errors. */
import type { Profile } from '../../../src/executors/profiles/profile.ts';
import { judged } from '../../../src/oracle/check/verdict/judged.ts';
import { bothRatios, medianOf, noRatios } from '../../../src/oracle/check/verdict/ratios.ts';
import type { Fault } from '../../../src/oracle/fault.ts';
import type { Operator } from '../../../src/oracle/operator.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { type Fate, fateOf, inScope } from './escapes.ts';
import { few, plantedIn, saidTo } from './planted.ts';
import { roundedAnswer, type Trial, trialsOf } from './trials.ts';

/** How many errors were planted, how many are rejected, and how many are accepted as those of a form. */
export interface Share {
  readonly planted: number;
  readonly rejected: number;
  readonly byForm: number;
}

/** The sharpness of a mode's bounds at a profile. */
export interface ModeSharpness {
  readonly operator: Operator;
  readonly mode: string;
  /** The median of error / bound of right implementations. */
  readonly median: number;
  /** Errors planted in numbers of few roundings, one for each case, and judged as the check does. */
  readonly few: Share;
  /** Errors planted in all well-conditioned numbers, and judged by the mode's formula. */
  readonly all: Share;
  readonly fates: readonly { readonly fault: Fault; readonly fate: Fate }[];
}

/** Faults may take `cases`, and more with settings that others leave out; the rest is measured on the first `measured` of them. */
const [cases, ofSettings, measured] = [60, 30, 12];

/** Measures each mode of each operator at a profile. */
export function* sharpnessAt(profile: Profile): Generator<ModeSharpness> {
  for (const operator of operators as readonly Operator[]) {
    for (const mode of Object.keys(operator.modes)) {
      const trials = trialsOf(operator, mode, profile, cases, ofSettings);
      const some = [...firstOf(trials, measured)];
      yield {
        operator,
        mode,
        median: medianAt(some),
        ...plantedAt(some),
        fates: inScope
          .filter((fault) => fault.operator === operator && fault.mode === mode)
          .map((fault) => ({ fault, fate: fateOf(fault, trials) })),
      };
    }
  }
}

function* firstOf<T>(list: Iterable<T>, count: number): Generator<T> {
  let given = 0;
  for (const one of list) {
    if (given++ === count) return;
    yield one;
  }
}

export const medianAt = (trials: readonly Trial[]): number =>
  medianOf(
    trials
      .map(
        (trial) => judged(trial.allowed, roundedAnswer(trial.operator.modes[trial.mode]!, trial), trial.c.seed).ratios,
      )
      .reduce(bothRatios, noRatios),
  );

export function plantedAt(trials: readonly Trial[]): Pick<ModeSharpness, 'few' | 'all'> {
  const all = trials.flatMap(plantedIn);
  const said = trials.flatMap((trial) => {
    const among = plantedIn(trial).filter(({ roundings }) => roundings <= few);
    return among.length === 0 ? [] : [saidTo(trial, among[trial.c.seed % among.length]!)];
  });
  const count = (wanted: (typeof said)[number]): number => said.filter((one) => one === wanted).length;
  return {
    few: { planted: said.length, rejected: count('wrong'), byForm: count('form') },
    all: { planted: all.length, rejected: all.filter(({ isRejected }) => isRejected).length, byForm: 0 },
  };
}
