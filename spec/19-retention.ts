/** @file Eqs. 19, 20: retention of one head as a recurrence. */
import type { Equation } from './equation.ts';
import { addMatrices, columns, type Matrix, outer, scaleMatrix, type Vector, vecMat, zeros } from './notation.ts';

/** The outputs of a sequence, and the state after its last token. */
export interface Retained {
  /** [t][e] */
  readonly output: Matrix;
  /** [d][e] */
  readonly state: Matrix;
}

/**
 * Eq. 19, retention state: S_t = γ S_{t-1} + k_tᵀ v_t.
 * Evidence [F, C].
 * Shapes: s [d][e], k [d], v [e], result [d][e].
 */
export function retentionState(gamma: number, s: Matrix, k: Vector, v: Vector): Matrix {
  return addMatrices(scaleMatrix(gamma, s), outer(k, v));
}

/** The record of Eq. 19. */
export const equation19: Equation = {
  number: 19,
  name: 'retention state',
  chapter: '19-retention.ts',
  evidence: ['F', 'C'],
  latex: String.raw`S_t = \gamma S_{t-1} + k_t^{\top} v_t`,
  shapes: 'γ, S [d][e], k [d], v [e] -> [d][e]',
  definition: retentionState,
};

/**
 * Eq. 20, retention output: y_t = q_t S_t.
 * Evidence [F, C].
 * Shapes: q [d], s [d][e], result [e].
 */
export function retentionOutput(q: Vector, s: Matrix): Vector {
  return vecMat(q, s);
}

/** The record of Eq. 20. */
export const equation20: Equation = {
  number: 20,
  name: 'retention output',
  chapter: '19-retention.ts',
  evidence: ['F', 'C'],
  latex: 'y_t = q_t S_t',
  shapes: 'q [d], S [d][e] -> [e]',
  definition: retentionOutput,
};

/**
 * Computes Eqs. 19 and 20 token by token, from the state s0 (zero if not given). For an empty sequence the final state is s0.
 * Shapes: q [t][d], k [t][d], v [t][e], s0 [d][e], output [t][e], state [d][e].
 */
export function retention(q: Matrix, k: Matrix, v: Matrix, gamma: number, s0?: Matrix): Retained {
  const output: Vector[] = [];
  let s = s0 ?? zeros(columns(k), columns(v));
  for (let t = 0; t < q.length; t++) {
    s = retentionState(gamma, s, k[t]!, v[t]!);
    output.push(retentionOutput(q[t]!, s));
  }
  return { output, state: s };
}
