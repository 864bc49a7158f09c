/** @file The learning rate of each step, as a pure function of its number. */
import { fail } from '../tensor/errors.ts';

/** A rise to `peak` over `warmup` steps, then a polynomial fall to `end` at step `total`. */
export interface PolynomialDecay {
  readonly peak: number;
  /** 0 unless given. */
  readonly end?: number;
  /** 0 unless given. */
  readonly warmup?: number;
  readonly total: number;
  /** 1 unless given: a straight line. */
  readonly power?: number;
}

/**
 * The rate of step n, counted from 1: `peak n / warmup` up to `warmup`, then
 * `end + (peak − end) (1 − (n − warmup) / (total − warmup))^power`, and `end` after `total`. Throws on lengths that are out of order.
 * @example
 * polynomialDecay({ peak: 1, warmup: 2, total: 6 })(1) // 0.5
 */
export function polynomialDecay({
  peak,
  end = 0,
  warmup = 0,
  total,
  power = 1,
}: PolynomialDecay): (step: number) => number {
  if (!(warmup >= 0 && total > warmup)) {
    fail(`polynomialDecay: warmup ${warmup} and total ${total}; 0 ≤ warmup < total`);
  }
  return (step) => {
    if (step <= warmup) return (peak * step) / warmup;
    const left = Math.max(0, 1 - (step - warmup) / (total - warmup));
    return end + (peak - end) * left ** power;
  };
}
