/** @file Settings of published training runs. */
import type { AdamW } from './adamw.ts';
import type { PolynomialDecay } from './schedule.ts';

/**
 * The optimizer of the paper's recipe, as in the released code: AdamW with β₂ = 0.98 and weight decay 0.01 of all parameters. β₁ and ε
 * are fairseq's defaults.
 */
export const paperOptimizer = {
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.01,
} as const satisfies AdamW;

/**
 * The schedule of the paper's recipe: linear warm-up over 1.5 % of the steps, then linear decay to 0.
 * @example
 * paperDecay(1, 1000).warmup // 15
 */
export const paperDecay = (peak: number, total: number): PolynomialDecay => ({
  peak,
  total,
  warmup: Math.round(0.015 * total),
});
