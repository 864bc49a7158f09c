/** @file Declares the causal depthwise convolution with a cache, which may be circular and longer than the filter needs. */
import * as fc from 'fast-check';
import { convolutionStep as definition } from '../../../../spec/convolution-step.ts';
import { type ConvolutionStepInputs, convolutionStep as step } from '../../../nn/convolution-step.ts';
import {
  type ConvolutionActivation,
  type ConvolutionResult,
  parallelConvolution,
  recurrentConvolution,
} from '../../../nn/depthwise-convolution.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { among, axis, dividedAxis, lengths, small } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf } from '../../operator.ts';
import { over } from '../../over.ts';

const signature = 'x bte, weight ek, bias? e, window bse, position? b -> output bte, window bse';

/** Settings of the convolution. */
export type StepSettings = { readonly activation: ConvolutionActivation };

/** Makes a program from a function of nn. */
export const stepping =
  (
    run: (inputs: ConvolutionStepInputs, window: Value) => ConvolutionResult,
  ): ProgramOf<typeof signature, StepSettings> =>
  ({ window, ...inputs }, { activation }) => {
    const { output, state } = run({ ...inputs, activation }, window);
    return { output, window: state };
  };

/** Positions go round the window several times. */
const rounds = 4;

/** The convolution with a cache: the update of one or some tokens, and the prefill. */
export const convolutionStep = defineOperator({
  name: 'convolutionStep',
  chapter: 'spec/convolution-step.ts',
  evidence: ['T'],
  signature,
  layouts: (size) =>
    fc
      .record({
        b: axis(size, 'b', 3),
        t: lengths(size),
        e: axis(size, 'e', 4),
        drawnK: axis(size, 'k', 5),
        drawnS: dividedAxis(size, 's', 6),
        beyond: small(3, 0),
        isBiased: among(size, 'bias', false, true),
        isCircular: among(size, 'position', false, true),
        // silu rounds
        activation: among<ConvolutionActivation>(size, 'activation', 'none', size.exact ? 'none' : 'silu'),
      })
      .map(({ b, t, e, drawnK, drawnS, beyond, isBiased, isCircular, activation }) => {
        // a window has k − 1 rows at least, so a filter that is too long for a given window becomes shorter
        const s = drawnS ?? Math.max(1, drawnK - 1 + beyond);
        const k = Math.min(drawnK, s + 1);
        return layoutOf(signature, {
          lengths: { b, t, e, k, s },
          settings: { activation },
          inputs: {
            x: {},
            weight: {},
            ...(isBiased && { bias: {} }),
            window: {},
            ...(isCircular && { position: { below: rounds * s } }),
          },
        });
      }),
  definition: over('b', signature, ({ window, ...inputs }, { activation }: StepSettings) => ({
    ...definition({ ...inputs, activation }, window),
  })),
  modes: { parallel: stepping(step(parallelConvolution)), recurrent: stepping(step(recurrentConvolution)) },
  reference: 'recurrent',
  positions: ['position'],
  laws: {
    heads: 'e',
    linearIn: ['x', 'bias', 'window'],
    exact: true,
    linearUnder: ({ activation }) => activation === 'none',
  },
});
