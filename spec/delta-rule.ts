/**
 * @file The delta rule of one head: a state that learns to give v for k. Plain, gated (Gated DeltaNet), and with a gate for each key channel (KDA).
 * Not numbered in the paper. [T]: fla-org/flash-linear-attention, fla/ops/delta_rule/naive.py, fla/ops/gated_delta_rule/{naive,gate}.py and
 * fla/ops/kda/{naive,gate}.py at commit bc3b101. The source scales the queries; these functions expect scaled queries.
 */
import type { Attended } from './gated-linear-attention.ts';
import {
  add,
  addMatrices,
  columns,
  dot,
  hadamard,
  type Matrix,
  outer,
  scale,
  sigmoid,
  softplus,
  type Vector,
  vecMat,
  zeros,
} from './notation.ts';

/**
 * The delta rule: `r_t = v_t - k_t S_{t-1}` is what the state does not yet say, `S_t = S_{t-1} + k_tᵀ (β_t ⊙ r_t)`, `o_t = q_t S_t`. A step
 * size of one number serves all value channels.
 * Evidence [T]: `delta_rule_recurrence`. Shapes: q [t][d], k [t][d], v [t][e], beta [t] or [t][e], s0 [d][e].
 */
export function deltaRule(q: Matrix, k: Matrix, v: Matrix, beta: Vector | Matrix, s0?: Matrix): Attended {
  const open = k.map((key) => key.map(() => 0));
  return kimiDeltaAttention(q, k, v, beta, open, s0);
}

/**
 * The gated delta rule: as the delta rule from the decayed state `P_t = exp(g_t) S_{t-1}`. g = -∞ resets the state.
 * Evidence [T]: `naive_recurrent_gated_delta_rule`. Shapes: as above, g [t].
 */
export function gatedDeltaRule(q: Matrix, k: Matrix, v: Matrix, beta: Vector, g: Vector, s0?: Matrix): Attended {
  const channels = k.map((key, t) => key.map(() => g[t]!));
  return kimiDeltaAttention(q, k, v, beta, channels, s0);
}

/**
 * Kimi delta attention: the gated delta rule with a gate for each key channel, `P_t[i, j] = exp(g_t[i]) S_{t-1}[i, j]`.
 * Evidence [T]: `naive_recurrent_kda`. Shapes: as above, g [t][d].
 */
export function kimiDeltaAttention(
  ...[q, k, v, beta, g, s0]: [q: Matrix, k: Matrix, v: Matrix, beta: Vector | Matrix, g: Matrix, s0?: Matrix]
): Attended {
  const output: Vector[] = [];
  let s = s0 ?? zeros(columns(k), columns(v));
  for (let t = 0; t < q.length; t++) {
    const decayed = s.map((row, i) => scale(Math.exp(g[t]![i]!), row));
    const missing = add(v[t]!, scale(-1, vecMat(k[t]!, decayed)));
    const step = beta[t]!;
    const written = typeof step === 'number' ? scale(step, missing) : hadamard(step, missing);
    s = addMatrices(decayed, outer(k[t]!, written));
    output.push(vecMat(q[t]!, s));
  }
  return { output, state: s };
}

/** How a vector gets length 1: not at all, by the larger of its length and ε, or by the root of its squares and ε. */
export type LengthNorm = 'none' | 'max' | 'sum';

/**
 * `x / max(|x|, ε)`, or `x / sqrt(Σ x² + ε)`.
 * Evidence [T]: the first around the source's naive functions in its tests, the second in its kernels. Shapes: x [d].
 */
export function unitLength(x: Vector, norm: LengthNorm, epsilon: number): Vector {
  if (norm === 'none') return x;
  const square = dot(x, x);
  return scale(1 / (norm === 'max' ? Math.max(Math.sqrt(square), epsilon) : Math.sqrt(square + epsilon)), x);
}

/**
 * A gate from a raw number: `-exp(a) softplus(x + bias)`.
 * Evidence [T]: `naive_gdn_gate`, `naive_kda_gate`.
 */
export function rawGate(x: number, a: number, bias = 0): number {
  return -Math.exp(a) * softplus(x + bias);
}

/**
 * A gate from a raw number that is at least a bound below 0: `bound σ(exp(a) (x + bias))`.
 * Evidence [T]: `naive_kda_lowerbound_gate`.
 */
export function boundedGate(x: number, a: number, bias: number, bound: number): number {
  return bound * sigmoid(Math.exp(a) * (x + bias));
}
