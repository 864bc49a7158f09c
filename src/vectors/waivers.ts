/** @file Lists the tensors that are knowingly not compared. Each has a reason, and every run prints their number. */

/** Tensors of one family that can't be compared. */
export interface Waiver {
  readonly family: string;
  /** Matched against the tensor's whole name. */
  readonly tensor: RegExp;
  readonly reason: string;
}

/** A waiver holds only for tensors that no adapter answers: an answered tensor is compared. */
export const waivers: readonly Waiver[] = [];
