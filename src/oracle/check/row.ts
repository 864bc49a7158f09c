/** @file Describes the result of a check of one operator in one mode and type. */
import type { Dtype, Failure } from '../backends/backend.ts';
import type { Case } from '../case.ts';
import type { Accepted, Unaccepted } from './acceptance-data.ts';
import type { Cause, Deviation, FindingNumbers, Fit, JudgedCase, Replay } from './failure-data.ts';
import type { Repeats } from './questions/repeats.ts';
import type { FormUse } from './verdict/verdict.ts';

/**
 * `PASS`: compared and right. `FAIL`: wrong, or the backend broke. `UNSUPPORTED`: the backend does not offer it. `UNCHECKED`: not
 * compared, because the backend offers no gradients or no time was left. `ACCEPTED`: wrong only as the caller accepts.
 */
export type Status = 'PASS' | 'FAIL' | 'ACCEPTED' | 'UNSUPPORTED' | 'UNCHECKED';

/** The operator, mode and type of a row. */
export interface RowKey {
  readonly operator: string;
  readonly mode: string;
  readonly dtype: Dtype;
}

/** A row's key in words. */
export const rowName = ({ operator, mode, dtype }: RowKey): string => `${operator} ${mode} ${dtype}`;

export type { Replay } from './failure-data.ts';

/** What some wrong tensors hold instead of the right numbers. */
export interface Contrast {
  readonly says: string;
  /** More about the case that tells most. */
  readonly detail?: string;
  readonly tensors: readonly string[];
}

/** A failure, with the smallest failing case found. */
export interface Finding {
  /** The kind of failure. Shrinking keeps it. */
  readonly kind: string;
  /** One sentence about the error in the smallest case. */
  readonly message: string;
  /** What wrong tensors hold instead of the right numbers. */
  readonly contrasts: readonly Contrast[];
  /** More sentences about what the answers resemble, and where they are wrong. */
  readonly hints: readonly string[];
  /** Sentences about the places of the errors in the first failing case. */
  readonly places: readonly string[];
  /** How far the wrong tensors of that case are from the right ones. */
  readonly deviations: readonly Deviation[];
  /** How well the answer to the first case that failed fits each way to compute. */
  readonly fits: readonly Fit[];
  /** The numbers of both cases; null where nothing can be compared. */
  readonly numbers: FindingNumbers | null;
  readonly smallest: Case;
  readonly replay: Replay;
  /** The last lines that the backend wrote to standard error, if it broke. */
  readonly stderr: Failure['stderr'];
}

/** The times of a row, in milliseconds. */
export interface Timing {
  readonly draw: number;
  readonly reference: number;
  /** The time from the first question of each shape to its answer, if the backend compiles. */
  readonly compiling: number;
  /** Waiting time for the backend after the reference was computed. Both run at the same time. */
  readonly backend: number;
  readonly compare: number;
}

/** One operator in one mode and type. */
export interface CheckRow extends RowKey {
  readonly outputs: Status;
  readonly gradients: Status;
  /** The reason for a status other than PASS, if there is no finding. */
  readonly reason: string | null;
  /** More that a reader of the row must know, each in a few words. */
  readonly notes: readonly string[];
  /** The inputs whose gradients are not offered, if only some are. */
  readonly gradientsLeftOut: readonly string[];
  /** Whether time ended before all cases were asked. */
  readonly cut: boolean;
  /** The number of judged cases, including the first failure. */
  readonly cases: number;
  /** The lengths that were asked, by the signature's letter. */
  readonly lengths: Readonly<Record<string, readonly number[]>>;
  /** What part of the operator was asked, in words: empty if the backend declares no domain. */
  readonly domain: readonly string[];
  /** The number of cases that the backend does not support. */
  readonly unsupported: number;
  /** The largest |error| / bound. */
  readonly worst: number;
  /** The median |error| / bound. */
  readonly median: number;
  /** The tightest profile that explains the answers: what the implementation does, in a few words. */
  readonly rightAt: string;
  /** The forms that explain tensors which the mode's own formula does not explain. */
  readonly forms: readonly FormUse[];
  /** The number of compared numbers. */
  readonly compared: number;
  readonly finding: Finding | null;
  /** Failures in cases that the finding does not occur in. */
  readonly also: readonly Finding[];
  /** The number of cases in which each tensor is wrong. */
  readonly wrongIn: Readonly<Record<string, number>>;
  /** The questions asked again. Where answers differed, all were right, or the finding is nondeterministic. */
  readonly repeats: Repeats;
  readonly timing: Timing;
  /** Every judged case, and the causes of the failures, if the row went on past its first failures. */
  readonly judged?: readonly JudgedCase[];
  readonly causes?: readonly Cause[];
  /** The accepted failures that were seen in the row, and what else is wrong there, if some are accepted. */
  readonly accepted?: readonly Accepted[];
  readonly unaccepted?: readonly Unaccepted[];
}

/** Whether the backend offers a row, even if it then declined every case. */
export const wasOffered = ({ outputs, unsupported }: CheckRow): boolean => outputs !== 'UNSUPPORTED' || unsupported > 0;

/** Whether a row has no failure. */
export const isFine = ({ outputs, gradients }: Pick<CheckRow, 'outputs' | 'gradients'>): boolean =>
  outputs !== 'FAIL' && gradients !== 'FAIL';
