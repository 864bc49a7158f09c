/** @file Norms over the last axis; ε is inside the square root. */
import { meanKeep, sub } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { rsqrt } from '../tensor/primitives/rsqrt.ts';
import type { Value } from '../tensor/value.ts';

/**
 * `x_c / √(mean_c x_c² + ε) · w_c` over the last axis. Without a weight, w = 1. Kernels compute the squares in their own type: where
 * these may overflow it, the bound is infinite, and no number is refused.
 * @example
 * read(rmsNorm(tensor([3, 3]), undefined, 0)) // [1, 1]
 */
export function rmsNorm(x: Value, weight: Value | undefined, epsilon: number): Value {
  const normed = mul(x, rsqrt(add(meanKeep(mul(x, x), -1), epsilon)));
  return weight === undefined ? normed : mul(normed, weight);
}

/**
 * `(x − mean) / √(variance + ε) · w + b` over the last axis, with the biased variance.
 * @example
 * read(layerNorm(tensor([1, 3]), tensor([1, 1]), tensor([0, 5]), 0)) // [-1, 6]
 */
export function layerNorm(x: Value, weight: Value, bias: Value, epsilon: number): Value {
  const centred = sub(x, meanKeep(x, -1));
  return add(mul(rmsNorm(centred, undefined, epsilon), weight), bias);
}
