/** @file Feed-forward networks: Eq. 2, and the gated forms (SwiGLU, GEGLU). */
import { mul } from '../tensor/primitives/mul.ts';
import type { Value } from '../tensor/value.ts';
import { gelu, silu } from './activations.ts';
import { linear } from './linear.ts';

/** Weights of Eq. 2: `up` [r, i], `down` [o, r]. */
export type FeedForwardParams = { readonly up: Value; readonly down: Value };

/** Weights of the gated network: `gate` and `up` [r, i], `down` [o, r]. */
export type GatedFeedForwardParams = FeedForwardParams & { readonly gate: Value };

/** Activation σ of Eq. 2. */
export type FeedForwardActivation = 'silu' | 'gelu';

/**
 * Eq. 2: `W_down σ(W_up x)` for x [..., i], as [..., o]. Throws when the weights do not fit.
 * @example
 * read(feedForward(tensor([1]), { up: tensor([[0]]), down: tensor([[3]]) }, 'silu')) // [0]
 */
export function feedForward(x: Value, { up, down }: FeedForwardParams, activation: FeedForwardActivation): Value {
  const hidden = linear(x, up);
  return linear(activation === 'silu' ? silu(hidden) : gelu(hidden), down);
}

/**
 * `W_down (silu(W_gate x) ⊙ W_up x)` for x [..., i], as [..., o]. Names follow LLaMA: SiLU applies to the gate. Throws when the weights do not
 * fit.
 * @example
 * read(swiGlu(tensor([1]), { gate: tensor([[0]]), up: tensor([[2]]), down: tensor([[3]]) })) // [0]
 */
export function swiGlu(x: Value, { gate, up, down }: GatedFeedForwardParams): Value {
  return linear(mul(silu(linear(x, gate)), linear(x, up)), down);
}

/**
 * `W_down (gelu(W_gate x) ⊙ W_up x)` for x [..., i], as [..., o]: {@link swiGlu} with GELU. Throws when the weights do not fit.
 * @example
 * read(geGlu(tensor([1]), { gate: tensor([[0]]), up: tensor([[2]]), down: tensor([[3]]) })) // [0]
 */
export function geGlu(x: Value, { gate, up, down }: GatedFeedForwardParams): Value {
  return linear(mul(gelu(linear(x, gate)), linear(x, up)), down);
}
