/** @file Causal depthwise convolution, with the window of inputs that it carries from token to token. */
import { fail } from '../tensor/errors.ts';
import { filledLike, zerosLike } from '../tensor/operand.ts';
import { at, stack } from '../tensor/ops.ts';
import { broadcast } from '../tensor/primitives/broadcast.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { einsum } from '../tensor/primitives/einsum.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { sum } from '../tensor/primitives/sum.ts';
import { show } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { silu } from './activations.ts';
import { checkAxes, checkShape } from './check.ts';
import type { Mode } from './mode.ts';

/** What is applied to the outputs of a convolution. */
export type ConvolutionActivation = 'none' | 'silu';

/**
 * Inputs `x` [b, t, e], one filter per channel `weight` [e, k], and an optional bias [e]. The last tap multiplies the current
 * token.
 */
export interface ConvolutionInputs {
  readonly x: Value;
  readonly weight: Value;
  readonly bias?: Value | undefined;
  /** 'none' by default. */
  readonly activation?: ConvolutionActivation | undefined;
}

/** Outputs [b, t, e], and the window [b, k, e] after the last token: the last k inputs, newest last. */
export interface ConvolutionResult {
  readonly output: Value;
  readonly state: Value;
}

/** The convolution in one mode. Later tokens do not read the oldest row of a window; we keep it, as the source does. */
export type CausalConvolution = (inputs: ConvolutionInputs, window: Value) => ConvolutionResult;

/**
 * Computes `y_t = act(bias + Σ_j w[j] x_{t−K+1+j})` for all t at once, from a window [b, k, e] of the preceding inputs. Throws on wrong
 * shapes.
 * @example
 * const inputs = { x: tensor([[[1], [10]]]), weight: tensor([[2, 3]]) };
 * read(parallelConvolution(inputs, tensor([[[0], [100]]])).output) // [203, 32]
 */
export const parallelConvolution: CausalConvolution = (inputs, window) => {
  const { x, weight, bias } = inputs;
  const { t, k } = convolutionAxes('parallelConvolution', inputs, window);
  const history = concat([window, x], 1);
  const taps = Array.from({ length: k }, (_, j) => mul(slice(history, 1, j + 1, j + 1 + t), at(weight, 1, j)));
  // one sum for taps and bias: its bounds hold whether a kernel adds the bias first or last
  const terms = bias === undefined ? taps : [...taps, broadcast(bias, x.shape)];
  return { output: activated(sum(stack(terms, 0), [0]), inputs), state: slice(history, 1, t, t + k) };
};

/**
 * Computes the same outputs as {@link parallelConvolution}, one token after another. Throws on wrong shapes.
 * @example
 * const inputs = { x: tensor([[[1], [10]]]), weight: tensor([[2, 3]]) };
 * read(recurrentConvolution(inputs, tensor([[[0], [100]]])).state) // [1, 10]
 */
export const recurrentConvolution: CausalConvolution = (inputs, window) => {
  const { x, weight, bias } = inputs;
  const { t, k } = convolutionAxes('recurrentConvolution', inputs, window);
  const [b, , e] = x.shape as readonly [number, number, number];
  // the bias becomes the weight of a tap that reads 1, so there is one sum, as in parallel mode
  const weights = bias === undefined ? weight : concat([weight, reshape(bias, [e, 1])], 1);
  const ones = bias === undefined ? [] : [filledLike(x, 1, [b, 1, e])];
  const outputs: Value[] = [];
  let last = window;
  for (let i = 0; i < t; i++) {
    last = concat([slice(last, 1, 1, k), slice(x, 1, i, i + 1)], 1);
    outputs.push(einsum('bke,ek->be', concat([last, ...ones], 1), weights));
  }
  return { output: t === 0 ? x : activated(stack(outputs, 1), inputs), state: last };
};

/** The convolution for a mode: one token after another in recurrent mode, all tokens at once in the others. */
export const convolutionIn = ({ name }: Mode): CausalConvolution =>
  name === 'recurrent' ? recurrentConvolution : parallelConvolution;

const activated = (x: Value, { activation }: ConvolutionInputs): Value => (activation === 'silu' ? silu(x) : x);

/**
 * Window before the first token: zeros [b, k, e]. Throws unless `x` has three axes and `weight` two.
 * @example
 * emptyWindow({ x: tensor([[[1, 2]]]), weight: tensor([[1, 2, 3], [4, 5, 6]]) }).shape // [1, 3, 2]
 */
export function emptyWindow({ x, weight }: Pick<ConvolutionInputs, 'x' | 'weight'>): Value {
  checkAxes('emptyWindow', 'x', x, ['b', 't', 'e']);
  checkAxes('emptyWindow', 'the weight', weight, ['e', 'k']);
  return zerosLike(x, [x.shape[0]!, weight.shape[1]!, x.shape[2]!]);
}

function convolutionAxes(call: string, { x, weight, bias }: ConvolutionInputs, window: Value) {
  checkAxes(call, 'x', x, ['b', 't', 'e']);
  checkAxes(call, 'the weight', weight, ['e', 'k']);
  const [b, t, e] = x.shape as readonly [number, number, number];
  const k = weight.shape[1]!;
  if (k < 1) fail(`${call}: the weight has shape ${show(weight.shape)}; it is [e, k] with a tap at least, k ≥ 1`);
  checkShape(call, 'the weight', weight, ['e', 'k'], [e, k]);
  checkShape(call, 'the window', window, ['b', 'k', 'e'], [b, k, e]);
  if (bias !== undefined) checkShape(call, 'the bias', bias, ['e'], [e]);
  return { t, k };
}
