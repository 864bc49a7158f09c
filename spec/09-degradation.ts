/**
 * @file Eq. 9: degradation, the path from a shallow state to a deep one through blocks Θ and products C B̄.
 * All functions are for one token. A layer has `e` channels with `n` states each.
 */
import { type DiscreteSsm, discreteOutput, discreteState } from './05-discrete-recurrence.ts';
import type { Equation } from './equation.ts';
import { add, dot, type Matrix, matVec, scale, silu, type Vector } from './notation.ts';
import { rmsNorm } from './rms-norm.ts';

/** A block between two state space models. It maps the outputs [e] of one to the inputs [e] of the next. */
export type Theta = (y: Vector) => Vector;

/** A layer above the bottom one: the block Θ before it, its channels, and their states h_{t-1} [e][n]. */
export interface StackedLayer {
  readonly theta: Theta;
  readonly channels: readonly DiscreteSsm[];
  readonly before: Matrix;
}

/**
 * Eq. 9, degradation: h_t^l = Ā h_{t-1}^l + B̄ Θ(C Ā h_{t-1}^{l-1} + C B̄ Θ(… Θ(C h_t^{l-m}) …)).
 * Evidence [N, S, R].
 * `layers` are l - m + 1 … l, the lowest first; `bottom` is h_t^{l-m}, read by `c` [e][n] of its own layer.
 * Shapes: bottom [e][n], c [e][n], result [e][n].
 */
export function degradedState(layers: readonly StackedLayer[], bottom: Matrix, c: Matrix): Matrix {
  const top = layers.at(-1);
  if (top === undefined) return bottom;
  const x = top.theta(nestedOutput(layers.slice(0, -1), bottom, c));
  return top.channels.map(({ aBar, bBar }, e) => discreteState(aBar, bBar, top.before[e]!, x[e]!));
}

/** The record of Eq. 9. */
export const equation9: Equation = {
  number: 9,
  name: 'degradation',
  chapter: '09-degradation.ts',
  evidence: ['N', 'S', 'R'],
  latex: String.raw`h_t^l = \bar{A}h_{t-1}^l + \bar{B}\,\Theta(C\bar{A}h_{t-1}^{l-1} + C\bar{B}\,\Theta(\ldots\Theta(C h_t^{l-m})\ldots))`,
  shapes: 'h_t^{l-m} [e][n], C [e][n], Θ, Ā [e][n][n], B̄ [e][n], h_{t-1} [e][n] -> [e][n]',
  note: 'Each of the m layers has its own Θ, Ā, B̄, C and h_{t-1}, the lowest first. Θ is any function from [e] to [e].',
  definition: degradedState,
};

/**
 * The input of the highest Θ of Eq. 9: C Ā h_{t-1} + C B̄ Θ(…) of the highest layer, or C h_t^{l-m} if there are no layers.
 * Shapes: bottom [e][n], c [e][n], result [e].
 */
export function nestedOutput(layers: readonly StackedLayer[], bottom: Matrix, c: Matrix): Vector {
  const top = layers.at(-1);
  if (top === undefined) return bottom.map((h, e) => discreteOutput(c[e]!, h));
  const x = top.theta(nestedOutput(layers.slice(0, -1), bottom, c));
  const remembered = top.channels.map((ssm, e) => dot(ssm.c, matVec(ssm.aBar, top.before[e]!)));
  return add(
    remembered,
    top.channels.map((ssm, e) => dot(ssm.c, ssm.bBar) * x[e]!),
  );
}

/** The weights of one block. */
export interface ThetaWeights {
  /** [e] */
  readonly norm: Vector;
  /** [r, e] */
  readonly up: Matrix;
  /** [e, r] */
  readonly down: Matrix;
}

/**
 * A block Θ of a norm and a feed-forward layer: Θ(y) = W_down silu(W_up rms(y)) + `residual` · y. The paper names convolution, norm
 * and FFN; we chose two of them. Eq. 9 has residual = 0.
 * Shapes: y [e], result [e].
 */
export function thetaBlock({ norm, up, down }: ThetaWeights, epsilon: number, residual = 0): Theta {
  return (y) => add(scale(residual, y), matVec(down, matVec(up, rmsNorm(y, norm, epsilon)).map(silu)));
}
