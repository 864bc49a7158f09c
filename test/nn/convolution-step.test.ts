/** @file Refused calls of the convolution with a cache. */
import { describe } from 'vitest';
import { indices, tensor } from '../../src/executors/f64/index.ts';
import { convolutionStep } from '../../src/nn/convolution-step.ts';
import { parallelConvolution } from '../../src/nn/depthwise-convolution.ts';
import { refuses } from '../support/refusals.ts';

const step = convolutionStep(parallelConvolution);
const inputs = { x: tensor([[[1], [2]]]), weight: tensor([[1, 2, 3, 4]]) };

describe('convolutionStep refuses', () => {
  refuses([
    [
      () => step(inputs, tensor([[[1], [2]]])),
      'convolutionStep: the window has 2 rows for 4 taps; give it k − 1 rows, and at least one',
    ],
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
