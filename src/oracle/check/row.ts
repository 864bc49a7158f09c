/** @file The result of a check of one operator in one mode and type. */
import type { Dtype, Failure } from '../backends/backend.ts';
import type { Case } from '../case.ts';

/**
 * `PASS`: compared, and right. `FAIL`: wrong, or the backend broke. `UNSUPPORTED`: the backend does not offer it. `UNCHECKED`: it may
 * be right, but was not compared: gradients that are not offered, questions for which no time was left.
 */
export type Status = 'PASS' | 'FAIL' | 'UNSUPPORTED' | 'UNCHECKED';

/** The operator, mode and type of a row. */
export interface RowKey {
  readonly operator: string;
  readonly mode: string;
  readonly dtype: Dtype;
}

/** The seed and path with which fast-check draws the same question again. */
export interface Replay {
  readonly seed: number;
  readonly path: string;
}

/** A failure, with the smallest case found that shows it. */
export interface Finding {
  /** The kind of failure; a smaller case must show the same one. */
  readonly kind: string;
  /** One sentence about the error in the smallest case. */
  readonly message: string;
  /** Places of the errors in the first failing case, and what they resemble. */
  readonly hints: readonly string[];
  readonly smallest: Case;
  readonly replay: Replay;
  /** The backend's last lines on standard error, where it broke. */
  readonly stderr: Failure['stderr'];
}

/** The times of a row, in milliseconds. */
export interface Timing {
  readonly draw: number;
  readonly reference: number;
  /** Waiting for the backend, beyond what the reference took meanwhile. */
  readonly backend: number;
  readonly compare: number;
}

/** One operator in one mode and type. */
export interface CheckRow extends RowKey {
  readonly outputs: Status;
  readonly gradients: Status;
  /** The reason why it is not PASS, where there is no finding. */
  readonly reason: string | null;
  /** Cases asked, including the first failure, and cases that the backend does not support. */
  readonly cases: number;
  readonly unsupported: number;
  /** |error| / bound, over all numbers compared. */
  readonly worst: number;
  readonly median: number;
  readonly compared: number;
  readonly finding: Finding | null;
  /** Whether an answer differed, within its bounds, when the same question was asked twice. */
  readonly varies: boolean;
  readonly timing: Timing;
}

/** Whether a row has no failure. */
export const isFine = ({ outputs, gradients }: CheckRow): boolean => outputs !== 'FAIL' && gradients !== 'FAIL';
