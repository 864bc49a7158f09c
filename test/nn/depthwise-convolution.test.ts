/** @file The error bound of a causal convolution with bias covers kernels that add the bias first. */
import { describe, expect, it } from 'vitest';
import { bounded, boundOf, float32 } from '../../src/executors/bounded/index.ts';
import { parallelConvolution, recurrentConvolution } from '../../src/nn/depthwise-convolution.ts';
import { input, read } from '../../src/tensor/input.ts';
import type { Executor } from '../../src/tensor/value.ts';

describe.each([
  ['parallel', parallelConvolution],
  ['recurrent', recurrentConvolution],
])('in %s mode', (_mode, convolution) => {
  const on = bounded(float32) as Executor;
  const before = Math.fround(1.0698288679122925);
  const { output } = convolution(
    {
      x: input(on, [-1], [1, 1, 1]),
      weight: input(on, [1, 1], [1, 2]),
      bias: input(on, [1], [1]),
    },
    input(on, [0, before], [1, 2, 1]),
  );
  const [y, bound] = [read(output)[0]!, boundOf(output)[0]!];
  const biasFirst = Math.fround(Math.fround(1 + before) - 1);

  it('a kernel that adds the bias first is within the bound', () => {
    expect(biasFirst).not.toBe(y);
    expect(Math.abs(biasFirst - y)).toBeLessThanOrEqual(bound);
  });

  it('a tap that is too large by a millionth exceeds the bound', () => {
    expect(1e-6 * before).toBeGreaterThan(bound);
  });
});
