/** @file Tries laws on drawn cases: the operators' own programs must pass, and faults must not. */
import type { Case, Settings } from './case.ts';
import { flawless, infinitelyWrong, isRight, type Verdict, worse } from './compare.ts';
import { casesInTurn } from './draw.ts';
import type { Fault } from './fault.ts';
import type { Law, Subject } from './law.ts';
import type { Operator } from './operator.ts';

/** The number of cases, the longest sequence, and the seed. */
export interface Trials {
  readonly cases: number;
  readonly longest: number;
  readonly seed: number;
}

/** The result of one law on one operator in one mode. */
export interface Tally {
  readonly cases: number;
  readonly verdict: Verdict;
  /** The first wrong case. */
  readonly failure: { readonly c: Case; readonly verdict: Verdict } | null;
}

/** A law's verdict on a program; a program that throws is infinitely wrong. */
export function judge(law: Law, subject: Subject, c: Case): Verdict {
  try {
    return law.check(subject, c);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return infinitelyWrong(`throws: ${why}`);
  }
}

/** Tries a law on given cases of an operator in a mode. Cases to which it does not apply are skipped. */
export function tryLaw(law: Law, operator: Operator, mode: string, cases: Iterable<Case>): Tally {
  let count = 0;
  let verdict = flawless;
  let failure: Tally['failure'] = null;
  for (const c of cases) {
    if (!law.applies(operator, mode, c)) continue;
    count++;
    const found = judge(law, { operator, mode, program: operator.modes[mode]! }, c);
    verdict = worse(verdict, found);
    if (failure === null && !isRight(found)) failure = { c, verdict: found };
  }
  return { cases: count, verdict, failure };
}

/** The number and the verdict of the case that rejected a fault. */
export interface Rejection {
  readonly cases: number;
  readonly verdict: Verdict;
}

/**
 * Tries a law on a fault until a case rejects it, on at most `cases` cases. Null if none does. Throws when the fault throws: a
 * program that breaks is rejected by no law.
 */
export function rejection(
  law: Law,
  fault: Fault,
  operator: Operator,
  { cases, longest, seed }: Trials,
): Rejection | null {
  let count = 0;
  for (const c of casesInTurn(operator as Operator<Settings>, { longest, ...law.size }, cases, seed)) {
    if (!law.applies(operator, fault.mode, c)) continue;
    count++;
    const verdict = law.check({ operator, mode: fault.mode, program: fault.program }, c);
    if (!isRight(verdict)) return { cases: count, verdict };
  }
  return null;
}
