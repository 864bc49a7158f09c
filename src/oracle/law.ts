/** @file Defines the interface of a law. */
import type { Case } from './case.ts';
import type { Verdict } from './compare.ts';
import type { Operator, Size } from './operator.ts';
import type { Program } from './program.ts';

/** A program under test, with the operator and the mode that it claims to compute. */
export interface Subject {
  readonly operator: Operator;
  readonly mode: string;
  readonly program: Program;
}

/** A property of every right program. It can be checked on a case. */
export interface Law {
  readonly name: string;
  /** The property in one sentence. */
  readonly statement: string;
  /** Whether the law concerns an operator at all. */
  concerns(operator: Operator): boolean;
  /** Whether the law applies to a mode and a case of an operator that it concerns. */
  applies(operator: Operator, mode: string, c: Case): boolean;
  /** Returns the worst disagreement. Allowances come from the operator's own mode, never from the program under test. */
  check(subject: Subject, c: Case): Verdict;
  /** Overrides the default size of the drawn cases. */
  readonly size?: Partial<Size>;
}
