/** @file Learning rate schedule: warm-up, then polynomial decay. */
import { fail } from '../tensor/errors.ts';

/** Linear warm-up to `peak` over `warmup` steps, then polynomial decay to `end` at step `total`. */
export interface PolynomialDecay {
  readonly peak: number;
  /** Rate at the end: 0 unless given. */
  readonly end?: number;
  /** Number of warm-up steps: 0 unless given. */
  readonly warmup?: number;
  readonly total: number;
  /** Power of the decay: 1 (linear) unless given. */
  readonly power?: number;
}

/**
 * Learning rate of step n, counted from 1. It is `peak n / warmup` up to `warmup`, then `end + (peak − end) (1 − (n − warmup) /
 * (total − warmup))^power`, and `end` after `total`. Throws unless 0 ≤ warmup < total.
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
