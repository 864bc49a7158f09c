/**
 * @file Chapter 15-17: the selective transition φ (project, gate, select).
 * Every function is for one token. `w` is the width of what is fused: the key width, the value width, or a state's.
 */
import { hadamard, type Matrix, matVec, silu, type Vector } from './notation.ts';
import type { Reading } from './readings.ts';

/** Proj of Eq. 15: nothing, or a linear map stored [out, in]. */
export type Projection = 'identity' | Matrix;

/** The two weights of the gate's MLP: down [r, width], up [w, r]. r = 0 is allowed. */
export interface GateWeights {
  readonly down: Matrix;
  readonly up: Matrix;
}

/**
 * Eq. 15, project: h'_t^{l-i} = Proj(h_t^{l-i}).
 * Evidence [N, R]: numbering not verified against the PDF. The released code projects by identity [C].
 * Shapes: h [w], a linear map [w, w], result [w].
 */
export function project(h: Vector, projection: Projection): Vector {
  return projection === 'identity' ? h : matVec(projection, h);
}

/**
 * Eq. 16, gate: g_t^l = Gate(x_t^l) = outer(W_up silu(W_down x_t^l)), where x is the input of the *current* layer.
 * Evidence [N, C, R]: numbering not verified against the PDF. The released code has outer = silu.
 * Shapes: x [width], down [r, width], up [w, r], result [w]. With r = 0 the gate is 0.
 */
export function gate(x: Vector, weights: GateWeights, outerActivation: Reading<'gateActivation'>): Vector {
  const hidden = matVec(weights.down, x).map(silu);
  const g = matVec(weights.up, hidden);
  return outerActivation === 'silu' ? g.map(silu) : g;
}

/**
 * Eq. 17, select: h''_t^{l-i} = h'_t^{l-i} ⊙ g_t^l.
 * Evidence [N, C, R]: numbering not verified against the PDF.
 * Shapes: projected [w], g [w], result [w].
 */
export function select(projected: Vector, g: Vector): Vector {
  return hadamard(projected, g);
}

/**
 * φ: Eqs. 15 and 17 together, for one shallow feature and a gate that is already computed.
 * Shapes: h [w], g [w], result [w].
 */
export function selectiveTransition(h: Vector, projection: Projection, g: Vector): Vector {
  return select(project(h, projection), g);
}
