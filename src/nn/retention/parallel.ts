/** @file Retention in parallel mode (Eq. 25, plus the contribution of the initial state). */
import { constantLike } from '../../tensor/operand.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import type { Value } from '../../tensor/value.ts';
import { decayMatrix, decayPowers, powerSlack } from './decay-tables.ts';
import { type RetentionInputs, type RetentionResult, retentionAxes } from './inputs.ts';

/**
 * Computes `y_t = q_t (γ^t S_0 + Σ_{i≤t} γ^{t−i} k_iᵀ v_i)` for all t at once, t from 1. The state is `S_T`. Throws on wrong shapes
 * and decays.
 * @example
 * const one = tensor([[[[2]]]]);
 * read(parallelRetention({ q: one, k: one, v: one, decay: [0.5] }, one).output) // [10]
 */
export function parallelRetention(inputs: RetentionInputs, state: Value): RetentionResult {
  const { h, t } = retentionAxes('parallelRetention', inputs, state);
  const { q, k, v, decay } = inputs;
  const weights = constantLike(q, decayMatrix(decay, t), [h, t, t], powerSlack(t));
  const scores = mul(einsum('bhtd,bhsd->bhts', q, k), weights);
  const output = add(einsum('bhts,bhse->bhte', scores, v), carriedOutput(q, decay, state));
  return { output, state: carriedState(k, v, decay, state) };
}

/** Contribution of the initial state to each output: `γ^t q_t S_0`, t from 1, [b, h, t, e]. */
export function carriedOutput(q: Value, decay: readonly number[], state: Value): Value {
  const [, h, t] = q.shape as readonly [number, number, number, number];
  const powers = decayPowers(decay, t + 1);
  const fromFirst = Float64Array.from({ length: h * t }, (_, i) => powers[Math.floor(i / t) * (t + 1) + (i % t) + 1]!);
  return mul(einsum('bhtd,bhde->bhte', q, state), constantLike(q, fromFirst, [h, t, 1], powerSlack(t)));
}

/** State after the last token: `γ^T S_0 + Σ_i γ^{T−i} k_iᵀ v_i`, i from 1, [b, h, d, e]. */
export function carriedState(k: Value, v: Value, decay: readonly number[], state: Value): Value {
  const [, h, t] = k.shape as readonly [number, number, number, number];
  const powers = decayPowers(decay, t + 1);
  const toLast = Float64Array.from({ length: h * t }, (_, i) => powers[Math.floor(i / t) * (t + 1) + t - 1 - (i % t)]!);
  const whole = Float64Array.from({ length: h }, (_, i) => powers[i * (t + 1) + t]!);
  const added = einsum('bhtd,bhte->bhde', mul(k, constantLike(k, toLast, [h, t, 1], powerSlack(t))), v);
  return add(mul(state, constantLike(k, whole, [h, 1, 1], powerSlack(t))), added);
}
