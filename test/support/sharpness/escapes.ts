/** @file Judges implementations with known faults: which are rejected, and why the others escape. */
import { isRightAnswer, type Judgement, judged } from '../../../src/oracle/check/verdict/judged.ts';
import type { Fault } from '../../../src/oracle/fault.ts';
import { faults } from '../../../src/oracle/faults.ts';
import { type Answered, exactAnswer, roundedAnswer, type Trial, verdictOf } from './trials.ts';

/**
 * What becomes of a fault. `outputs`, `gradients`: the first rejected answer has wrong outputs, or only wrong gradients. The others
 * escape. `equal`: without rounding, the faulty program and the right one have the same numbers. `coarse`: they differ by less than
 * the bounds everywhere. `form`: a form explains the difference. `rounding`: only roundings of the implementation hide the difference.
 */
export type Fate = 'outputs' | 'gradients' | 'equal' | 'coarse' | 'form' | 'rounding';

/** The faults that questions can show. Faults of batches need batches, and questions have none. */
export const inScope = faults.filter(
  ({ rejectedBy }) => !rejectedBy.every((law) => law === 'padded' || law === 'packed'),
);

/** Returns null if `f` throws: some faults cannot run on every case. */
function attempt<T>(f: () => T): T | null {
  try {
    return f();
  } catch {
    return null;
  }
}

/** Finds what becomes of a fault on trials of its mode. */
export function fateOf(fault: Fault, trials: Iterable<Trial>): Fate {
  for (const trial of trials) {
    const answered = attempt(() => roundedAnswer(fault.program, trial));
    if (answered === null) continue;
    const { judgement } = verdictOf(trial, answered);
    if (isRightAnswer(judgement)) continue;
    return judgement.mismatches.some(({ tensor }) => tensor.startsWith('out/')) ? 'outputs' : 'gradients';
  }
  return whyEscaped(fault, trials);
}

function whyEscaped(fault: Fault, trials: Iterable<Trial>): Fate {
  let fate: Fate = 'equal';
  for (const trial of trials) {
    const answered = attempt(() => exactAnswer(fault.program, trial));
    if (answered === null || isEqual(answered, trial)) continue;
    if (isRightAnswer(byMode(trial, answered))) {
      if (fate === 'equal') fate = 'coarse';
      continue;
    }
    if (!isRightAnswer(verdictOf(trial, answered).judgement)) return 'rounding';
    fate = 'form';
  }
  return fate;
}

const byMode = ({ allowed, c }: Trial, answered: Answered): Judgement => judged(allowed, answered, c.seed);

const isEqual = (answered: Answered, { allowed }: Trial): boolean =>
  Object.entries(allowed.tensors).every(([name, { expected }]) =>
    answered.get(name)!.data.every((x, i) => Object.is(x + 0, expected[i]! + 0)),
  );
