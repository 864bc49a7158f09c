/** @file Wrong convolutions, after bugs that were found in the wild. */
import { type ConvolutionInputs, parallelConvolution, recurrentConvolution } from '../../nn/depthwise-convolution.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { at, stack } from '../../tensor/ops.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';

interface Window extends ConvolutionInputs {
  readonly window: Value;
}

const convolution = (
  mode: 'parallel' | 'recurrent',
  name: string,
  says: string,
  rejectedBy: readonly string[],
  run: (inputs: Window) => { readonly output: Value; readonly state: Value },
): Fault => ({
  operator: 'depthwiseConvolution',
  mode,
  name,
  says,
  rejectedBy,
  program: ({ x, weight, bias, window }) => {
    const { output, state } = run({ x: x!, weight: weight!, bias, window: window! });
    return { output, window: state };
  },
});

export const convolutionFaults: readonly Fault[] = [
  convolution(
    'parallel',
    'state-holds-outputs',
    'the window that is handed over holds outputs, not inputs',
    ['definition', 'resumable', 'decoding'],
    ({ window, ...inputs }) => {
      const { output } = parallelConvolution(inputs, window);
      const [t, k] = [output.shape[1]!, window.shape[1]!];
      return { output, state: slice(concat([window, output], 1), 1, t, t + k) };
    },
  ),
  convolution(
    'parallel',
    'window-ignored',
    'a call of several tokens starts from zeros',
    ['definition', 'modes', 'resumable', 'decoding', 'dyadic'],
    ({ window, ...inputs }) => parallelConvolution(inputs, zerosLike(window)),
  ),
  convolution(
    'parallel',
    'short-chunk-overwrites-window',
    'of fewer tokens than taps, the window is those tokens and zeros: older ones are lost',
    ['definition', 'modes', 'resumable', 'decoding'],
    ({ window, ...inputs }) => {
      const { output } = parallelConvolution(inputs, window);
      return { output, state: parallelConvolution(inputs, zerosLike(window)).state };
    },
  ),
  convolution(
    'parallel',
    'taps-reversed',
    'the first tap is the current token’s',
    ['definition', 'modes', 'derivative', 'dyadic'],
    ({ window, weight, ...inputs }) => {
      const k = weight.shape[1]!;
      const turned = stack(
        Array.from({ length: k }, (_, j) => at(weight, 1, k - 1 - j)),
        1,
      );
      return parallelConvolution({ ...inputs, weight: turned }, window);
    },
  ),
  convolution(
    'parallel',
    'centred',
    'zeros on both sides: the last taps read the future',
    ['definition', 'causal'],
    ({ window, x, ...inputs }) => {
      const after = Math.floor((window.shape[1]! - 1) / 2);
      const t = x.shape[1]!;
      const { output } = parallelConvolution({ ...inputs, x: pad(x, 1, 0, after) }, window);
      return {
        output: slice(output, 1, after, after + t),
        state: parallelConvolution({ ...inputs, x }, window).state,
      };
    },
  ),
  convolution(
    'parallel',
    'window-gradient-dropped',
    'of fewer tokens than taps, what passes through the window gets no gradient',
    ['modes', 'derivative', 'resumable'],
    ({ window, ...inputs }) => {
      const { output, state } = parallelConvolution(inputs, window);
      const isShort = inputs.x.shape[1]! < window.shape[1]!;
      return { output, state: isShort ? parallelConvolution(inputs, stopGradient(window)).state : state };
    },
  ),
  convolution(
    'recurrent',
    'bias-missing-in-step',
    'the step of one token forgets the bias',
    ['definition', 'derivative', 'resumable'],
    ({ window, ...inputs }) => recurrentConvolution({ ...inputs, bias: undefined }, window),
  ),
];
