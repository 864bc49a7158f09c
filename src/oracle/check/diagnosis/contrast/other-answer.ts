/** @file The interface of other answers: numbers that a wrong program may have computed instead of the right ones. */
import type { Case } from '../../../case.ts';
import type { Numbers } from '../../../compare.ts';
import type { Operator } from '../../../operator.ts';

/** The operator, its mode and its right answers, in double precision. */
export interface Subject {
  readonly operator: Operator;
  readonly mode: string;
  right(c: Case): Numbers;
}

/** What a wrong answer may be instead of the right one. */
export interface OtherAnswer {
  /** What it is, after the name of a tensor and a colon. Equal faults have equal texts in all cases. */
  readonly says: string;
  /** Its numbers, as far as it has tensors; NaN where any number would do. Null if there is no such answer. */
  numbers(): Numbers | null;
}
