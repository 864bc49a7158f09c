/** @file The causal depthwise convolution as an operator. */
import * as fc from 'fast-check';
import { depthwiseConvolution as definition } from '../../../spec/depthwise-convolution.ts';
import type { Matrix, Vector } from '../../../spec/notation.ts';
import { type CausalConvolution, parallelConvolution, recurrentConvolution } from '../../nn/depthwise-convolution.ts';
import { lengths, small } from '../draw.ts';
import { type Operator, plain } from '../operator.ts';
import type { Program } from '../program.ts';
import { joinedResults, partsOf } from './per-sequence.ts';

const program =
  (mode: CausalConvolution): Program =>
  ({ x, weight, bias, window }) => {
    const { output, state } = mode({ x: x!, weight: weight!, bias }, window!);
    return { output, window: state };
  };

/** The convolution of each channel by itself, from a window, also of fewer tokens than it has taps. */
export const depthwiseConvolution: Operator = {
  ...plain,
  name: 'depthwiseConvolution',
  chapter: 'spec/depthwise-convolution.ts',
  evidence: ['T'],
  layouts: (size) =>
    fc
      .record({ b: small(2), t: lengths(size), e: small(4), k: small(5), isBiased: fc.boolean() })
      .map(({ b, t, e, k, isBiased }) => ({
        inputs: {
          x: { shape: [b, t, e] },
          weight: { shape: [e, k] },
          ...(isBiased && { bias: { shape: [e] } }),
          window: { shape: [b, k, e] },
        },
        outputs: { output: [b, t, e], window: [b, k, e] },
        settings: {},
      })),
  definition: (inputs) => {
    const part = partsOf(inputs);
    const bias = 'bias' in inputs ? part<Vector>('bias') : undefined;
    const shapes = { output: inputs.x!.shape, window: inputs.window!.shape };
    return joinedResults([inputs.x!.shape[0]!], shapes, (b) => ({
      ...definition(part<Matrix>('x', b!), part<Matrix>('weight'), bias, part<Matrix>('window', b!)),
    }));
  },
  modes: { parallel: program(parallelConvolution), recurrent: program(recurrentConvolution) },
  reference: 'recurrent',
  linearIn: ['x', 'bias', 'window'],
  timeInvariant: true,
  exact: true,
  time: {
    inputs: { x: 1 },
    outputs: { output: 1 },
    states: { window: 'window' },
    after: (settings) => settings,
  },
  axes: {
    batch: { x: 0, window: 0, output: 0 },
    head: { x: 2, weight: 0, bias: 0, window: 2, output: 2 },
  },
};
