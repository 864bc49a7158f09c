/** @file The loss of next-token prediction. Not numbered in the paper. */
import { sum, type Vector } from './notation.ts';

/**
 * The loss of one position: log Σ_v exp(x_v) − x_y for the target y. With smoothing ε it is (1 − ε) times that, plus ε times its mean over
 * all targets. Shapes: logits [v].
 */
export function crossEntropy(logits: Vector, target: number, smoothing: number): number {
  const largest = Math.max(...logits);
  const total = largest + Math.log(sum(0, logits.length - 1, (v) => Math.exp(logits[v]! - largest)));
  const mean = sum(0, logits.length - 1, (v) => logits[v]!) / logits.length;
  return (1 - smoothing) * (total - logits[target]!) + smoothing * (total - mean);
}
