/** @file Declares the causal depthwise convolution with an initial window. It may have more taps than the sequence has tokens. */
import * as fc from 'fast-check';
import { depthwiseConvolution as definition } from '../../../../spec/depthwise-convolution.ts';
import {
  type CausalConvolution,
  type ConvolutionActivation,
  parallelConvolution,
  recurrentConvolution,
} from '../../../nn/depthwise-convolution.ts';
import { defineOperator } from '../../define-operator.ts';
import { among, axis, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf } from '../../operator.ts';
import { over } from '../../over.ts';

const signature = 'x bte, weight ek, bias? e, window bke -> output bte, window bke';

/** Settings of a convolution. Without an activation, as in cases of earlier versions, there is none. */
export type ConvolutionSettings = { readonly activation?: ConvolutionActivation };

/** Makes a program of a convolution. */
export const convolutionProgram =
  (mode: CausalConvolution): ProgramOf<typeof signature, ConvolutionSettings> =>
  ({ window, ...inputs }, { activation }) => {
    const { output, state } = mode({ ...inputs, activation }, window);
    return { output, window: state };
  };

const isPlain = ({ activation = 'none' }: ConvolutionSettings): boolean => activation === 'none';

/** The depthwise convolution: one filter per channel. */
export const depthwiseConvolution = defineOperator({
  name: 'depthwiseConvolution',
  chapter: 'spec/depthwise-convolution.ts',
  evidence: ['T'],
  signature,
  layouts: (size) =>
    fc
      .record({
        b: axis(size, 'b', 2),
        t: lengths(size),
        e: axis(size, 'e', 4),
        k: axis(size, 'k', 5),
        isBiased: among(size, 'bias', false, true),
        // silu rounds
        activation: among<ConvolutionActivation>(size, 'activation', 'none', size.exact ? 'none' : 'silu'),
      })
      .map(({ isBiased, activation, ...letters }) =>
        layoutOf(signature, {
          lengths: letters,
          settings: { activation },
          inputs: { x: {}, weight: {}, ...(isBiased && { bias: {} }), window: {} },
        }),
      ),
  definition: over('b', signature, ({ x, weight, bias, window }, { activation }: ConvolutionSettings) => ({
    ...definition(x, weight, bias, window, activation),
  })),
  modes: { parallel: convolutionProgram(parallelConvolution), recurrent: convolutionProgram(recurrentConvolution) },
  reference: 'recurrent',
  laws: { heads: 'e', linearIn: ['x', 'bias', 'window'], timeInvariant: true, exact: true, linearUnder: isPlain },
});
