/**
 * @file The causal depthwise convolution with a cache: one or some tokens, from the window before them to the window after them.
 * Not numbered in the paper. [T]: fla-org/flash-linear-attention, `causal_conv1d_update_ref_torch` and `causal_conv1d_ref_torch` of
 * tests/modules/test_conv.py at commit bc3b101.
 */
import { type ConvolutionActivation, type Convolved, convolvedToken } from './depthwise-convolution.ts';
import type { Matrix, Vector } from './notation.ts';

/** The inputs of a call. */
export interface ConvolutionStepInputs {
  /** [t][e]: the new tokens */
  readonly x: Matrix;
  /** [e][k] */
  readonly weight: Matrix;
  /** [e] */
  readonly bias?: Vector;
  readonly activation?: ConvolutionActivation;
  /** The number of tokens before x, if the window is circular */
  readonly position?: number;
}

/**
 * y_t[e] = act(bias[e] + Σ_{j=0}^{K-1} w[e][j] x_{t-K+1+j}[e]) for the new tokens, those before them from the window. Its S rows, S ≥ K − 1,
 * are the last S tokens, newest last. A circular window has token number p in row p mod S; its rows are not moved.
 * Evidence [T]. Shapes: window [s][e], output [t][e].
 */
export function convolutionStep(inputs: ConvolutionStepInputs, window: Matrix): Convolved {
  const { x, weight, bias, activation, position } = inputs;
  const taps = weight[0]!.length;
  const s = window.length;
  const output: Vector[] = [];
  let rows = window;
  x.forEach((token, t) => {
    // row of the token that is `age` tokens old
    const row = (age: number): Vector => rows[position === undefined ? s - age : modulo(position + t - age, s)]!;
    const before = Array.from({ length: taps - 1 }, (_, j) => row(taps - 1 - j));
    output.push(convolvedToken([...before, token], weight, bias, activation));
    rows = position === undefined ? [...rows.slice(1), token] : rows.with(modulo(position + t, s), token);
  });
  return { output, window: rows };
}

/** n mod s, at least 0. */
const modulo = (n: number, s: number): number => ((n % s) + s) % s;
