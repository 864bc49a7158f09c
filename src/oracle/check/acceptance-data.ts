/** @file The data of accepted failures: an entry of a file, and what was seen of it in a row. */
import type { Dtype } from '../backends/backend.ts';

/** A failure that the caller accepts in one row, or in all of an operator: of these tensors, by this explanation, until a day. */
export interface Acceptance {
  readonly operator: string;
  /** A mode, or `*` for all. */
  readonly mode: string;
  /** A type, or `*` for all. */
  readonly dtype: Dtype | '*';
  /** The tensors that may be wrong, as `out/output`, `grad/k`; none for a backend that breaks. */
  readonly tensors: readonly string[];
  /** What must explain the failure, as "Failures by cause" writes it; `unexplained`, `not comparable`, or the kind of a breakage; `any` where these tensors are not judged. */
  readonly explanation: string;
  readonly reason: string;
  /** The last day on which it is accepted, as 2026-11-29, or `never`. */
  readonly expires: string;
}

/** An accepted failure that was seen in a row. */
export interface Accepted {
  readonly entry: Acceptance;
  /** In how many failing cases it was seen by its explanation. */
  readonly cases: number;
  /** In how many more only by its tensors, as they are too large to explain. */
  readonly alike: number;
  /** The tensors that were wrong in these cases. */
  readonly tensors: readonly string[];
}

/** A failure in a row with accepted ones that no entry covers. */
export interface Unaccepted {
  /** The wrong tensor; null where the backend broke. */
  readonly tensor: string | null;
  readonly explanation: string;
  readonly cases: number;
}
