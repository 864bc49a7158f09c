/** @file Eq. 2: the feed-forward network for one token, and SwiGLU, its gated form. */
import type { Equation } from './equation.ts';
import { gelu, hadamard, type Matrix, matVec, silu, type Vector } from './notation.ts';
import type { Reading } from './readings.ts';

/** Weights of Eq. 2: up [r, i], down [o, r]. */
export interface FeedForward {
  readonly up: Matrix;
  readonly down: Matrix;
}

/**
 * Eq. 2, feed-forward network: y_t = W_down σ(W_up o_t). The reading `ffnActivation` chooses σ.
 * Evidence [R].
 * Shapes: o [i], W_up [r, i], W_down [o, r], result [o].
 */
export function feedForward({ up, down }: FeedForward, o: Vector, activation: Reading<'ffnActivation'>): Vector {
  return matVec(down, matVec(up, o).map(activation === 'silu' ? silu : gelu));
}

/** The record of Eq. 2. */
export const equation2: Equation = {
  number: 2,
  name: 'feed-forward network',
  chapter: '02-feed-forward.ts',
  evidence: ['R'],
  latex: String.raw`y_t = W_{\mathrm{down}}\,\sigma(W_{\mathrm{up}}\,o_t)`,
  shapes: 'o [i], W_up [r, i], W_down [o, r] -> [o]',
  note: 'σ is SiLU or GELU, by the reading `ffnActivation`.',
  definition: feedForward,
};

/** Weights of the gated network: gate and up [r, i], down [o, r]. */
export interface GatedFeedForward extends FeedForward {
  readonly gate: Matrix;
}

/**
 * SwiGLU(x) = W_down (silu(W_gate x) ⊙ W_up x), with the names of LLaMA: SiLU is applied to the gate. Not numbered in the paper.
 * Evidence [C]. Shapes: x [i], result [o].
 */
export function swiGlu({ gate, up, down }: GatedFeedForward, x: Vector): Vector {
  return matVec(down, hadamard(matVec(gate, x).map(silu), matVec(up, x)));
}

/**
 * GEGLU(x) = W_down (gelu(W_gate x) ⊙ W_up x): SwiGLU with GELU. Not numbered in the paper.
 * Evidence [C]. Shapes: x [i], result [o].
 */
export function geGlu({ gate, up, down }: GatedFeedForward, x: Vector): Vector {
  return matVec(down, hadamard(matVec(gate, x).map(gelu), matVec(up, x)));
}
