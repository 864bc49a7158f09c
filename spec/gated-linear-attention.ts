/**
 * @file Linear attention of one head: gated, with a gate for each key channel, plain and normalised.
 * Not numbered in the paper. [T]: fla-org/flash-linear-attention, fla/ops/simple_gla/naive.py, fla/ops/gla/naive.py and
 * fla/ops/linear_attn/naive.py at commit bc3b101. The source scales the queries; these functions expect scaled queries, unless they have a
 * factor.
 */
import {
  add,
  addMatrices,
  columns,
  dot,
  type Matrix,
  outer,
  scale,
  scaleMatrix,
  type Vector,
  vecMat,
  vector,
  zeros,
} from './notation.ts';

/** Outputs [t][e], and the state [d][e] after the last token. */
export interface Attended {
  readonly output: Matrix;
  readonly state: Matrix;
}

/** Outputs and state, and the sum [d] of all keys so far. */
export interface NormalisedAttended extends Attended {
  readonly keySum: Vector;
}

/** A constant that normalised linear attention adds to its divisor. */
export const normaliserEpsilon = 1e-10;

/**
 * Gated linear attention: S_t = exp(g_t) S_{t-1} + k_tᵀ v_t, o_t = q_t S_t. The first gate also decays the initial state. g = -∞
 * resets the state. A constant g = log γ gives retention (Eqs. 19, 20).
 * Evidence [T]: `naive_recurrent_simple_gla`. Shapes: q [t][d], k [t][d], v [t][e], g [t], s0 [d][e].
 */
export function gatedLinearAttention(q: Matrix, k: Matrix, v: Matrix, g: Vector, s0?: Matrix): Attended {
  const output: Vector[] = [];
  let s = s0 ?? zeros(columns(k), columns(v));
  for (let t = 0; t < q.length; t++) {
    s = addMatrices(scaleMatrix(Math.exp(g[t]!), s), outer(k[t]!, v[t]!));
    output.push(vecMat(q[t]!, s));
  }
  return { output, state: s };
}

/**
 * Gated linear attention with a gate for each key channel (GLA): S_t[d][e] = exp(g_t[d]) S_{t-1}[d][e] + k_t[d] v_t[e],
 * o_t = factor q_t S_t. Gates that are equal in all channels give gated linear attention.
 * Evidence [T]: `naive_recurrent_gla`, in which the factor is D^(-1/2). Shapes: q [t][d], k [t][d], v [t][e], g [t][d], s0 [d][e].
 */
export function channelGatedAttention(q: Matrix, k: Matrix, v: Matrix, g: Matrix, factor = 1, s0?: Matrix): Attended {
  const output: Vector[] = [];
  let s = s0 ?? zeros(columns(k), columns(v));
  for (let t = 0; t < q.length; t++) {
    const kept = s.map((row, d) => scale(Math.exp(g[t]![d]!), row));
    s = addMatrices(kept, outer(k[t]!, v[t]!));
    output.push(vecMat(scale(factor, q[t]!), s));
  }
  return { output, state: s };
}

/**
 * Linear attention without decay: S_t = S_{t-1} + k_tᵀ v_t, o_t = q_t S_t.
 * Evidence [T]: `naive_recurrent_linear_attn`. Shapes: q [t][d], k [t][d], v [t][e], s0 [d][e].
 */
export function linearAttention(q: Matrix, k: Matrix, v: Matrix, s0?: Matrix): Attended {
  const output: Vector[] = [];
  let s = s0 ?? zeros(columns(k), columns(v));
  for (let t = 0; t < q.length; t++) {
    s = addMatrices(s, outer(k[t]!, v[t]!));
    output.push(vecMat(q[t]!, s));
  }
  return { output, state: s };
}

/**
 * Linear attention divided by the sum of its weights: o_t = q_t S_t / (q_t · z_t + 10⁻¹⁰), z_t = z_{t-1} + k_t. The initial state and
 * the initial sum of keys are separate arguments, as the source accepts the first without the second.
 * Evidence [T]. Shapes: q [t][d], k [t][d], v [t][e], s0 [d][e], z0 [d].
 */
export function normalisedLinearAttention(
  q: Matrix,
  k: Matrix,
  v: Matrix,
  s0?: Matrix,
  z0?: Vector,
): NormalisedAttended {
  const { output, state } = linearAttention(q, k, v, s0);
  let z = z0 ?? vector(columns(k), () => 0);
  const rows = output.map((row, t) => {
    z = add(z, k[t]!);
    return scale(1 / (dot(q[t]!, z) + normaliserEpsilon), row);
  });
  return { output: rows, state, keySum: z };
}
