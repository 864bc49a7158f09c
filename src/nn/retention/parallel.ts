/** @file Retention in parallel mode (Eq. 25, plus the contribution of the initial state). */
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { type PowerTable, powerTable } from './decay-tables.ts';
import { type Retention, retentionAxes } from './inputs.ts';

/** The exponents of the decay matrix [t, s]: t − s. */
export function distances(t: number): number[] {
  const table = new Array<number>(t * t);
  for (let i = 0; i < t; i++) for (let j = 0; j < t; j++) table[i * t + j] = i - j;
  return table;
}

/** Retention over all tokens at once, with a formula for powers of γ. `call` names it in errors. */
export const retainAtOnce =
  (call: string, powers: PowerTable): Retention =>
  (inputs, state) => {
    const { t } = retentionAxes(call, inputs, state);
    const { q, k, v, decay } = inputs;
    const weights = mul(einsum('bhtd,bhsd->bhts', q, k), powers(q, decay, distances(t), [t, t]));
    const scores = tapped(stored(weights, 'score'), 'scores');
    const output = add(einsum('bhts,bhse->bhte', scores, v), carriedOutput(q, decay, state, powers));
    return { output, state: carriedState(k, v, decay, state, powers) };
  };

/**
 * Computes `y_t = q_t (γ^t S_0 + Σ_{i≤t} γ^{t−i} k_iᵀ v_i)` for all t at once, t from 1. The state is `S_T`. Throws on wrong shapes
 * and decays.
 * @example
 * const one = tensor([[[[2]]]]);
 * read(parallelRetention({ q: one, k: one, v: one, decay: [0.5] }, one).output) // [10]
 */
export const parallelRetention: Retention = retainAtOnce('parallelRetention', powerTable);

/** Contribution of the initial state to each output: `γ^t q_t S_0`, t from 1, [b, h, t, e]. */
export function carriedOutput(q: Value, decay: readonly number[], state: Value, powers = powerTable): Value {
  const t = q.shape[2]!;
  const fromFirst = Array.from({ length: t }, (_, i) => i + 1);
  return mul(einsum('bhtd,bhde->bhte', q, state), powers(q, decay, fromFirst, [t, 1]));
}

/** State after the last token: `γ^T S_0 + Σ_i γ^{T−i} k_iᵀ v_i`, i from 1, [b, h, d, e]. */
export function carriedState(k: Value, v: Value, decay: readonly number[], state: Value, powers = powerTable): Value {
  const t = k.shape[2]!;
  const toLast = Array.from({ length: t }, (_, i) => t - 1 - i);
  const added = einsum('bhtd,bhte->bhde', mul(k, powers(k, decay, toLast, [t, 1])), v);
  return stored(add(mul(state, powers(k, decay, [t], [1, 1])), added), 'state');
}
