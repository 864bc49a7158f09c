/** @file Eqs. 7, 8: the discrete state space model of one channel as a convolution. */
import type { DiscreteSsm } from './05-discrete-recurrence.ts';
import type { Equation } from './equation.ts';
import { dot, krylov, sum, type Vector } from './notation.ts';

/**
 * Eq. 7, convolution kernel: K̄ = (C B̄, C Ā B̄, …, C Ā^t B̄), with one entry per token (the paper counts t from 0 here).
 * Evidence [R].
 * Shapes: Ā [n][n], B̄ [n], C [n], result [t] with K̄_0 = C B̄ first.
 */
export function convolutionKernel({ aBar, bBar, c }: DiscreteSsm, length: number): Vector {
  return krylov(aBar, bBar, length).map((column) => dot(c, column));
}

/** The record of Eq. 7. */
export const equation7: Equation = {
  number: 7,
  name: 'convolution kernel',
  chapter: '07-convolution.ts',
  evidence: ['R'],
  latex: String.raw`\bar{K} = (C\bar{B}, C\bar{A}\bar{B}, \ldots, C\bar{A}^{t}\bar{B})`,
  shapes: 'Ā [n][n], B̄ [n], C [n] -> [t]',
  note: 'One entry for each token: the formula counts t from 0 here, and elsewhere from 1.',
  definition: convolutionKernel,
};

/**
 * Eq. 8, causal convolution: y = x * K̄, y_t = Σ_{i≤t} K̄_{t-i} x_i. Entries before the first token are 0, so the convolution is
 * not circular.
 * Evidence [F, R].
 * Shapes: x [t], kernel [t], result [t].
 */
export function causalConvolution(x: Vector, kernel: Vector): Vector {
  return x.map((_, t) => sum(0, t, (i) => kernel[t - i]! * x[i]!));
}

/** The record of Eq. 8. */
export const equation8: Equation = {
  number: 8,
  name: 'causal convolution',
  chapter: '07-convolution.ts',
  evidence: ['F', 'R'],
  latex: String.raw`y = x * \bar{K}`,
  shapes: 'x [t], K̄ [t] -> [t]',
  definition: causalConvolution,
};

/**
 * Eqs. 7 and 8 for one channel. An initial state h_0 adds C Ā^t h_0, with t counted from 1.
 * Shapes: x [t], h0 [n], result [t].
 */
export function convolution(x: Vector, ssm: DiscreteSsm, h0?: Vector): Vector {
  const y = causalConvolution(x, convolutionKernel(ssm, x.length));
  if (h0 === undefined) return y;
  const carried = krylov(ssm.aBar, h0, x.length + 1);
  return y.map((own, t) => own + dot(ssm.c, carried[t + 1]!));
}
