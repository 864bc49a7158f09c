/** @file Declares the causal depthwise convolution with an initial window. It may have more taps than the sequence has tokens. */
import * as fc from 'fast-check';
import { depthwiseConvolution as definition } from '../../../../spec/depthwise-convolution.ts';
import {
  type CausalConvolution,
  parallelConvolution,
  recurrentConvolution,
} from '../../../nn/depthwise-convolution.ts';
import type { Settings } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import { among, axis, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf } from '../../operator.ts';
import { over } from '../../over.ts';

const signature = 'x bte, weight ek, bias? e, window bke -> output bte, window bke';

/** Makes a program of a convolution. */
export const convolutionProgram =
  (mode: CausalConvolution): ProgramOf<typeof signature, Settings> =>
  ({ window, ...inputs }) => {
    const { output, state } = mode(inputs, window);
    return { output, window: state };
  };

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
      })
      .map(({ isBiased, ...letters }) =>
        layoutOf(signature, {
          lengths: letters,
          settings: {},
          inputs: { x: {}, weight: {}, ...(isBiased && { bias: {} }), window: {} },
        }),
      ),
  definition: over('b', signature, ({ x, weight, bias, window }) => ({ ...definition(x, weight, bias, window) })),
  modes: { parallel: convolutionProgram(parallelConvolution), recurrent: convolutionProgram(recurrentConvolution) },
  reference: 'recurrent',
  laws: { heads: 'e', linearIn: ['x', 'bias', 'window'], timeInvariant: true, exact: true },
});
