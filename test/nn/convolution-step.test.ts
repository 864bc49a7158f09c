/** @file Calls of the convolution with a cache: one tap, and what is refused. */
import { describe, expect, it } from 'vitest';
import { indices, tensor } from '../../src/executors/f64/index.ts';
import { convolutionStep } from '../../src/nn/convolution-step.ts';
import { parallelConvolution } from '../../src/nn/depthwise-convolution.ts';
import { read } from '../../src/tensor/input.ts';
import { filledLike } from '../../src/tensor/operand.ts';
import { refuses } from '../support/refusals.ts';

const step = convolutionStep(parallelConvolution);
const inputs = { x: tensor([[[1], [2]]]), weight: tensor([[1, 2, 3, 4]]) };

it('one tap needs no window, unless it is circular', () => {
  const [one, empty] = [{ ...inputs, weight: tensor([[3]]) }, filledLike(inputs.x, 0, [1, 0, 1])];
  const { output, state } = step(one, empty);
  expect(read(output)).toEqual(Float64Array.of(3, 6));
  expect(state.shape).toEqual([1, 0, 1]);
  expect(() => step({ ...one, position: indices([0]) }, empty)).toThrow('0 rows for 1 taps; give it at least 1');
});

describe('convolutionStep refuses', () => {
  refuses([
    [() => step(inputs, tensor([[[1], [2]]])), 'convolutionStep: the window has 2 rows for 4 taps; give it at least 3'],
    [
      () => step({ ...inputs, position: indices([1, 2]) }, tensor([[[1], [2], [3]]])),
      'convolutionStep: the position has shape [2]; beside the other inputs it is [b] = [1]',
    ],
    [
      () =>
        step(
          inputs,
          tensor([
            [
              [1, 2],
              [3, 4],
              [5, 6],
            ],
          ]),
        ),
      'convolutionStep: the window has shape [1, 3, 2]; beside the other inputs it is [b, s, e] = [1, 3, 1]',
    ],
  ]);
});
