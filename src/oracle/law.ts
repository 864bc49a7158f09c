/** @file The interface of a law. */
import type { Case } from './case.ts';
import type { Verdict } from './compare.ts';
import type { Operator, Size } from './operator.ts';
import type { Program } from './program.ts';

/** A program that claims to be an operator in a mode. */
export interface Subject {
  readonly operator: Operator;
  readonly mode: string;
  readonly program: Program;
}

/** A statement about every right program, which can be checked on a case. */
export interface Law {
  readonly name: string;
  /** The statement, in a sentence. */
  readonly statement: string;
  /** Whether it speaks of an operator at all. */
  concerns(operator: Operator): boolean;
  /** Whether it speaks of a mode on a case of an operator that it concerns. */
  applies(operator: Operator, mode: string, c: Case): boolean;
  /** The worst disagreement. Allowances come from the operator's own mode, never from the program on trial. */
  check(subject: Subject, c: Case): Verdict;
  /** The size of the cases on which it is tried. */
  readonly size?: Partial<Size>;
}
