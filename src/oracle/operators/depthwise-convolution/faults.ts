/** @file Faults of the depthwise convolution, modelled on real bugs: the final window, the taps, the bias. */
import { parallelConvolution, recurrentConvolution } from '../../../nn/depthwise-convolution.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { at, stack } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOf } from '../../fault.ts';
import { convolutionProgram, depthwiseConvolution } from './operator.ts';

export const depthwiseConvolutionFaults = faultsOf(depthwiseConvolution, [
  {
    mode: 'parallel',
    name: 'state-holds-outputs',
    says: 'the window that is handed over holds outputs, not inputs',
    rejectedBy: ['definition', 'resumable', 'decoding'],
    program: convolutionProgram((inputs, window) => {
      const { output } = parallelConvolution(inputs, window);
      const [t, k] = [output.shape[1]!, window.shape[1]!];
      return { output, state: slice(concat([window, output], 1), 1, t, t + k) };
    }),
  },
  {
    mode: 'parallel',
    name: 'window-ignored',
    says: 'a call of several tokens starts from zeros',
    rejectedBy: ['definition', 'modes', 'resumable', 'decoding', 'dyadic'],
    program: convolutionProgram((inputs, window) => parallelConvolution(inputs, zerosLike(window))),
  },
  {
    mode: 'parallel',
    name: 'short-chunk-overwrites-window',
    says: 'a call with fewer tokens than taps fills the window with zeros, and older tokens are lost',
    rejectedBy: ['definition', 'modes', 'resumable', 'decoding'],
    program: convolutionProgram((inputs, window) => {
      const { output } = parallelConvolution(inputs, window);
      return { output, state: parallelConvolution(inputs, zerosLike(window)).state };
    }),
  },
  {
    mode: 'parallel',
    name: 'taps-reversed',
    says: 'the first tap is the current token’s',
    rejectedBy: ['definition', 'modes', 'derivative', 'dyadic'],
    program: convolutionProgram(({ weight, ...inputs }, window) => {
      const k = weight.shape[1]!;
      const turned = stack(
        Array.from({ length: k }, (_, j) => at(weight, 1, k - 1 - j)),
        1,
      );
      return parallelConvolution({ ...inputs, weight: turned }, window);
    }),
  },
  {
    mode: 'parallel',
    name: 'centred',
    says: 'zeros on both sides: the last taps read the future',
    rejectedBy: ['definition', 'causal'],
    program: convolutionProgram(({ x, ...inputs }, window) => {
      const after = Math.floor((window.shape[1]! - 1) / 2);
      const t = x.shape[1]!;
      const { output } = parallelConvolution({ ...inputs, x: pad(x, 1, 0, after) }, window);
      return {
        output: slice(output, 1, after, after + t),
        state: parallelConvolution({ ...inputs, x }, window).state,
      };
    }),
  },
  {
    mode: 'parallel',
    name: 'window-gradient-dropped',
    says: 'a call with fewer tokens than taps passes no gradient through the window',
    rejectedBy: ['modes', 'derivative', 'resumable'],
    program: convolutionProgram((inputs, window) => {
      const { output, state } = parallelConvolution(inputs, window);
      const isShort = inputs.x.shape[1]! < window.shape[1]!;
      return { output, state: isShort ? parallelConvolution(inputs, stopGradient(window)).state : state };
    }),
  },
  {
    mode: 'parallel',
    name: 'bias-after-activation',
    says: 'adds the bias to silu of the sum',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: convolutionProgram(({ bias, ...inputs }, window) => {
      const { output, state } = parallelConvolution(inputs, window);
      return { output: bias === undefined ? output : add(output, bias), state };
    }),
  },
  {
    mode: 'recurrent',
    name: 'activation-missing-in-step',
    says: 'the step of one token forgets silu',
    rejectedBy: ['definition', 'derivative', 'resumable'],
    program: convolutionProgram((inputs, window) => recurrentConvolution({ ...inputs, activation: 'none' }, window)),
  },
  {
    mode: 'recurrent',
    name: 'bias-missing-in-step',
    says: 'the step of one token forgets the bias',
    rejectedBy: ['definition', 'derivative', 'resumable'],
    program: convolutionProgram((inputs, window) => recurrentConvolution({ ...inputs, bias: undefined }, window)),
  },
]);
