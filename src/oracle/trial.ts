/** @file Tests laws on drawn cases. The operators' own programs must pass them; faults must fail them. */
import { fail } from '../tensor/errors.ts';
import type { Case, Settings } from './case.ts';
import { flawless, infinitelyWrong, isRight, type Verdict, worse } from './compare.ts';
import { casesInTurn } from './draw.ts';
import type { Fault } from './fault.ts';
import type { Law, Subject } from './law.ts';
import { noSuchMode } from './no-such-mode.ts';
import type { Operator } from './operator.ts';

/** The number of cases, the length of the longest sequence, and the seed. */
export interface Trials {
  readonly cases: number;
  readonly longest: number;
  readonly seed: number;
}

/** The result of one law on one operator in one mode. */
export interface Tally {
  /**
   * `not tried` where the law applied to none of the cases, compared no number, or does not concern the operator: that says nothing of
   * its programs.
   */
  readonly status: 'right' | 'wrong' | 'not tried';
  /** The number of cases to which the law applied. */
  readonly cases: number;
  readonly verdict: Verdict;
  /** The first failing case. */
  readonly failure: { readonly c: Case; readonly verdict: Verdict } | null;
}

/** Checks a law on a program. If the program throws, the ratio of the verdict is infinite. */
export function judge(law: Law, subject: Subject, c: Case): Verdict {
  try {
    return law.check(subject, c);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return infinitelyWrong(`throws: ${why}`);
  }
}

/**
 * Checks a law on the given cases of an operator in a mode. Skips cases to which the law does not apply. Throws an InputError where the
 * operator has no such mode.
 */
export function tryLaw(law: Law, operator: Operator, mode: string, cases: Iterable<Case>): Tally {
  const program = Object.hasOwn(operator.modes, mode) ? operator.modes[mode] : undefined;
  if (program === undefined) fail(`tryLaw: ${noSuchMode(operator, mode)}`);
  let count = 0;
  let verdict = flawless;
  let failure: Tally['failure'] = null;
  for (const c of cases) {
    if (!law.concerns(operator) || !law.applies(operator, mode, c)) continue;
    count++;
    const found = judge(law, { operator, mode, program }, c);
    verdict = worse(verdict, found);
    if (failure === null && !isRight(found)) failure = { c, verdict: found };
  }
  const status = !isRight(verdict) ? 'wrong' : verdict.compared === 0 ? 'not tried' : 'right';
  return { status, cases: count, verdict, failure };
}

/** The number of cases until the fault was rejected, and the verdict of the last one. */
export interface Rejection {
  readonly cases: number;
  readonly verdict: Verdict;
}

/** Draws the cases on which a law is tried. */
export const trialCases = (law: Law, operator: Operator, { cases, longest, seed }: Trials): Generator<Case> =>
  casesInTurn(operator as Operator<Settings>, { longest, ...law.size }, cases, seed);

/**
 * Checks a law on a fault, on at most `trials.cases` cases, until one rejects the fault. Returns null if none does. Throws if the fault
 * throws: a crash must not count as a rejection by the law.
 */
export function rejection(
  law: Law,
  fault: Fault,
  operator: Operator,
  trials: Trials,
  cases: Iterable<Case> = trialCases(law, operator, trials),
): Rejection | null {
  let count = 0;
  for (const c of cases) {
    if (!law.applies(operator, fault.mode, c)) continue;
    count++;
    const verdict = law.check({ operator, mode: fault.mode, program: fault.program }, c);
    if (!isRight(verdict)) return { cases: count, verdict };
  }
  return null;
}
