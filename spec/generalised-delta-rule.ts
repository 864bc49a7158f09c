/**
 * @file The generalised delta rule of RWKV-7, for one head: a transition that is diagonal plus low rank (DPLR).
 * Not numbered in the paper. [T]: fla-org/flash-linear-attention, tests/ops/test_dplr_delta.py at commit bc3b101.
 */
import type { Attended } from './gated-linear-attention.ts';
import { addMatrices, columns, type Matrix, outer, scale, type Vector, vecMat, zeros } from './notation.ts';

/** What a token reads and writes: queries, keys, and the vectors a and b of the transition, all [t][d]; values [t][e]; gates [t][d]. */
export interface GeneralisedDelta {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly a: Matrix;
  readonly b: Matrix;
  readonly g: Matrix;
}

/**
 * Generalised delta rule: p_t = a_t S_{t-1}, S_t = diag(exp(g_t)) S_{t-1} + b_tᵀ p_t + k_tᵀ v_t, o_t = factor q_t S_t. What b writes is read
 * before the decay. RWKV-7 has a = -κ and b = κ ⊙ η for a unit vector κ and rates η between 0 and 1. With a = -k and b = β k, and keys and
 * values β k and v, it is the delta rule.
 * Evidence [T]: `recurrent_dplr_delta_rule_ref`. Shapes: s0 [d][e].
 */
export function generalisedDeltaRule({ q, k, v, a, b, g }: GeneralisedDelta, factor = 1, s0?: Matrix): Attended {
  const output: Vector[] = [];
  let s = s0 ?? zeros(columns(k), columns(v));
  for (let t = 0; t < q.length; t++) {
    const read = vecMat(a[t]!, s);
    const kept = s.map((row, d) => scale(Math.exp(g[t]![d]!), row));
    s = addMatrices(addMatrices(kept, outer(b[t]!, read)), outer(k[t]!, v[t]!));
    output.push(vecMat(scale(factor, q[t]!), s));
  }
  return { output, state: s };
}
