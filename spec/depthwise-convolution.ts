/**
 * @file The causal depthwise convolution before Mamba's scan, with its window.
 * Not numbered in the paper. [T]: state-spaces/mamba, mamba_ssm/modules/mamba_simple.py at commit e9594ce.
 */
import { columns, type Matrix, silu, sum, type Vector, zeros } from './notation.ts';

/** What is applied to the outputs of a convolution. */
export type ConvolutionActivation = 'none' | 'silu';

/** The outputs of a convolution, and its window after the last token. */
export interface Convolved {
  /** [t][e] */
  readonly output: Matrix;
  /** [k][e]: the last inputs, newest last */
  readonly window: Matrix;
}

/**
 * y[e] = act(bias[e] + Σ_{j=0}^{K-1} w[e][j] window[j][e]) for one token; act is SiLU or nothing. The last row of the window is the
 * input at that token.
 * Evidence [T]. Shapes: window [k][e], weight [e][k], bias [e], result [e].
 */
export function convolvedToken(
  window: Matrix,
  weight: Matrix,
  bias?: Vector,
  activation: ConvolutionActivation = 'none',
): Vector {
  const sums = weight.map((taps, e) => (bias?.[e] ?? 0) + sum(0, taps.length - 1, (j) => taps[j]! * window[j]![e]!));
  return activation === 'silu' ? sums.map(silu) : sums;
}

/**
 * y_t[e] = act(bias[e] + Σ_{j=0}^{K-1} w[e][j] x_{t-K+1+j}[e]) for each channel, from the window of the K inputs before the first token
 * (zeros if not given). The window after the last token has inputs, not outputs. Its oldest row is not used later; the source stores
 * it too.
 * Evidence [T]. Shapes: x [t][e], weight [e][k], bias [e], window [k][e].
 */
export function depthwiseConvolution(
  x: Matrix,
  weight: Matrix,
  bias?: Vector,
  window?: Matrix,
  activation: ConvolutionActivation = 'none',
): Convolved {
  const output: Vector[] = [];
  let last = window ?? zeros(columns(weight), weight.length);
  for (const input of x) {
    last = [...last.slice(1), input];
    output.push(convolvedToken(last, weight, bias, activation));
  }
  return { output, window: last };
}
