/** @file The convolution with a cache, against hand calculations. */
import { describe, expect, it } from 'vitest';
import { convolutionStep, depthwiseConvolution, silu } from '../../spec/index.ts';

const weight = [[1, 10, 100]];

describe('convolutionStep', () => {
  it('reads the last k − 1 rows of a longer window, and hands on the others', () => {
    const { output, window } = convolutionStep({ x: [[4], [5]], weight, bias: [0.5] }, [[7], [1], [2], [3]]);
    expect(output).toEqual([[2 + 30 + 400 + 0.5], [3 + 40 + 500 + 0.5]]);
    expect(window).toEqual([[2], [3], [4], [5]]);
  });

  it('has token number p of a circular window in row p mod s', () => {
    // tokens 4, 5 of values 40, 50 are in rows 1, 2; token 6 comes into row 0
    const { output, window } = convolutionStep({ x: [[60], [70]], weight, position: 6 }, [[-1], [40], [50]]);
    expect(output).toEqual([[40 + 500 + 6000], [50 + 600 + 7000]]);
    expect(window).toEqual([[60], [70], [50]]);
  });

  it('is the whole convolution, token by token, with SiLU', () => {
    const x = [[1], [2], [3], [4]];
    const { output } = depthwiseConvolution(x, weight, undefined, undefined, 'silu');
    let window: readonly (readonly number[])[] = [[0], [0]];
    const found = x.map((token) => {
      const step = convolutionStep({ x: [token], weight, activation: 'silu' }, window);
      window = step.window;
      return step.output[0];
    });
    expect(found).toEqual(output);
    expect(found[0]).toEqual([silu(100)]);
    expect(window).toEqual([[3], [4]]);
  });
});
