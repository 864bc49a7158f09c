/** @file Eq. 25: dense retention of one head in parallel mode. */
import type { Equation } from './equation.ts';
import { columns, type Matrix, matrix, power, sum, type Vector, vecMat, vector } from './notation.ts';

/**
 * S_t = Σ_{i≤t} γ^{t-i} k_iᵀ v_i + γ^{t+1} S_0, with t and i counted from 0.
 * Shapes: k [t][d], v [t][e], s0 [d][e], result [d][e].
 */
function unrolledState(k: Matrix, v: Matrix, gamma: number, t: number, s0: Matrix | undefined): Matrix {
  const decay = vector(t + 2, (n) => power(gamma, n));
  return matrix(columns(k), columns(v), (d, e) => {
    const written = sum(0, t, (i) => decay[t - i]! * k[i]![d]! * v[i]![e]!);
    return s0 === undefined ? written : written + decay[t + 1]! * s0[d]![e]!;
  });
}

/**
 * Eq. 25, DenseRetNet in parallel mode: y_t = q_t Σ_{i=1}^{t} γ^{t-i} k'_iᵀ v'_i, with k' and v' the fused keys and values.
 * Evidence [C, R].
 * An initial state S_0 adds γ^t q_t S_0. Both formulas count t from 1.
 * With keys and values before fusion, this is plain retention: Eqs. 19 and 20 unrolled.
 * Shapes: q [t][d], k [t][d], v [t][e], s0 [d][e], result [t][e].
 */
export function denseRetention(q: Matrix, k: Matrix, v: Matrix, gamma: number, s0?: Matrix): Matrix {
  return q.map((row: Vector, t) => vecMat(row, unrolledState(k, v, gamma, t, s0)));
}

/** The record of Eq. 25. */
export const equation25: Equation = {
  number: 25,
  name: 'dense retention, parallel mode',
  chapter: '25-dense-retention.ts',
  evidence: ['C', 'R'],
  latex: String.raw`y_t = q_t \sum_{i=1}^{t} \gamma^{t-i} {k'}_i^{\top} {v'}_i`,
  shapes: "γ, q [t][d], k' [t][d], v' [t][e], S_0 [d][e] -> [t][e]",
  note: 'From an initial state S_0, which the formula takes as 0: γ^t q_t S_0 is added.',
  definition: denseRetention,
};
