/** @file The result of a check of one operator in one mode and type. */
import type { Dtype, Failure } from '../backends/backend.ts';
import type { Case } from '../case.ts';

/**
 * `PASS`: compared, and right. `FAIL`: wrong, or the backend broke. `UNSUPPORTED`: the backend does not offer it. `UNCHECKED`: it may
 * be right, but was not compared: gradients that are not offered, questions for which no time was left.
 */
export type Status = 'PASS' | 'FAIL' | 'UNSUPPORTED' | 'UNCHECKED';

/** What was asked of whom. */
export interface RowKey {
  readonly operator: string;
  readonly mode: string;
  readonly dtype: Dtype;
}

/** How to ask the same question again: what fast-check needs to draw it. */
export interface Replay {
  readonly seed: number;
  readonly path: string;
}

/** A failure, with the smallest case found that shows it. */
export interface Finding {
  /** What kind of failure it is; a smaller case must show the same one. */
  readonly kind: string;
  /** One sentence: what is wrong with the smallest case. */
  readonly message: string;
  /** Where in the tensor the errors of the first failing case are, and what they look like. */
  readonly hints: readonly string[];
  readonly smallest: Case;
  readonly replay: Replay;
  /** What the backend last said on its standard error, where it broke. */
  readonly stderr: Failure['stderr'];
}

/** Where the time of a row went, in milliseconds. */
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
  /** Why it is not PASS, where there is no finding. */
  readonly reason: string | null;
  /** Cases that were asked, the first that failed included, and those that the backend said it does not support. */
  readonly cases: number;
  readonly unsupported: number;
  /** Over all numbers compared: |error| of what is allowed. */
  readonly worst: number;
  readonly median: number;
  readonly compared: number;
  readonly finding: Finding | null;
  /** Whether an answer differed, within its bounds, when the same question was asked twice. */
  readonly varies: boolean;
  readonly timing: Timing;
}

/** Whether nothing is wrong with a row. */
export const isFine = ({ outputs, gradients }: CheckRow): boolean => outputs !== 'FAIL' && gradients !== 'FAIL';
