/** @file Learning rate schedules: linear warm-up, then polynomial or cosine decay. */
import { fail } from '../tensor/errors.ts';

/** Rates and steps of a schedule: linear warm-up to `peak` over `warmup` steps, then decay to `end` at step `total`. */
export interface Decay {
  readonly peak: number;
  /** Rate at the end: 0 unless given. */
  readonly end?: number;
  /** Number of warm-up steps: 0 unless given. */
  readonly warmup?: number;
  readonly total: number;
}

/** A {@link Decay} with a power. */
export interface PolynomialDecay extends Decay {
  /** Power of the decay: 1 (linear) unless given. */
  readonly power?: number;
}

/** Learning rate of a step, counted from 1. At step 0, before the first, it is 0 with warm-up and `peak` without. */
export type Schedule = (step: number) => number;

/** A schedule with the share of `peak − end` that is left after a share of the decay, from 0 to 1. */
function decaying(
  call: string,
  { peak, end = 0, warmup = 0, total }: Decay,
  left: (passed: number) => number,
): Schedule {
  if (!(warmup >= 0 && total > warmup)) fail(`${call}: warmup ${warmup} and total ${total}; 0 ≤ warmup < total`);
  for (const [name, rate] of Object.entries({ peak, end })) {
    if (!(rate >= 0 && rate < Infinity)) fail(`${call}: ${name} is ${rate}; it is a number ≥ 0`);
  }
  return (step) => {
    if (step < warmup) return (peak * step) / warmup;
    const passed = Math.min(1, (step - warmup) / (total - warmup));
    return end + (peak - end) * left(passed);
  };
}

/**
 * Learning rate of step n, counted from 1. It is `peak n / warmup` up to `warmup`, then `end + (peak − end) (1 − (n − warmup) /
 * (total − warmup))^power`, and `end` after `total`, as fairseq's `polynomial_decay`. Throws unless 0 ≤ warmup < total.
 * @example
 * polynomialDecay({ peak: 1, warmup: 2, total: 6 })(1) // 0.5
 */
export const polynomialDecay = ({ power = 1, ...decay }: PolynomialDecay): Schedule =>
  decaying('polynomialDecay', decay, (passed) => (1 - passed) ** power);

/**
 * Learning rate of step n, counted from 1. It is `peak n / warmup` up to `warmup`, then `end + (peak − end) (1 + cos(π (n − warmup) /
 * (total − warmup))) / 2`, and `end` after `total` (Loshchilov and Hutter, 2017, without restarts). Throws unless 0 ≤ warmup < total.
 * @example
 * cosineDecay({ peak: 1, end: 0.5, warmup: 2, total: 6 })(4) // 0.75
 */
export const cosineDecay = (decay: Decay): Schedule =>
  decaying('cosineDecay', decay, (passed) => (1 + Math.cos(Math.PI * passed)) / 2);
