/** @file Norms over the last axis; ε is inside the square root. */
import { fail } from '../tensor/errors.ts';
import { meanKeep, sub } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { rsqrt } from '../tensor/primitives/rsqrt.ts';
import { show } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { silu } from './activations.ts';

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

/** Settings of a gated norm: ε, the number of groups of neighbouring channels, and whether the gate comes last. */
export interface GatedNorm {
  readonly epsilon: number;
  readonly groups: number;
  readonly normBeforeGate: boolean;
}

/**
 * `rms(x silu(z)) · w` over each group of channels of the last axis, as in Mamba-2, or `rms(x) · w · silu(z)`. Throws unless the groups
 * divide the channels.
 * @example
 * const settings = { epsilon: 0, groups: 2, normBeforeGate: true };
 * read(gatedRmsNorm(tensor([3, 5]), tensor([0, 0]), tensor([1, 1]), settings)) // [0, 0]
 */
export function gatedRmsNorm(x: Value, z: Value, weight: Value, { epsilon, groups, normBeforeGate }: GatedNorm): Value {
  const width = x.shape.at(-1) ?? 0;
  if (!Number.isInteger(groups) || groups < 1 || width % groups !== 0)
    fail(`gatedRmsNorm: ${groups} groups of ${width} channels in ${show(x.shape)}; give a number that divides them`);
  const inner = normBeforeGate ? x : mul(x, silu(z));
  const split = reshape(inner, [...x.shape.slice(0, -1), groups, width / groups]);
  const normed = mul(reshape(rmsNorm(split, undefined, epsilon), x.shape), weight);
  return normBeforeGate ? mul(normed, silu(z)) : normed;
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
