/** @file Faults of normalised linear attention: wrong divisors, wrong sums of keys. */
import { chunkwiseLinearAttention } from '../../../nn/linear-attention/chunkwise.ts';
import { parallelLinearAttention } from '../../../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../../../nn/linear-attention/recurrent.ts';
import { filledLike, zerosLike } from '../../../tensor/operand.ts';
import { at, chunks } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { div } from '../../../tensor/primitives/div.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { linearScan } from '../../../tensor/primitives/linear-scan.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { scale as multiplied } from '../../../tensor/primitives/scale.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOfTokens } from '../../fault.ts';
import { onScaledQueries } from '../shared/query-scale-faults.ts';
import { normalisedBy, normalisedLinearAttention } from './operator.ts';

export const normalisedLinearAttentionFaults = faultsOfTokens(normalisedLinearAttention, [
  {
    mode: 'parallel',
    name: 'divisor-unscaled',
    says: 'the scale multiplies outputs, but not the divisor',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, { scale = 1 }) => {
      const result = normalisedBy(parallelLinearAttention, inputs);
      return { ...result, output: multiplied(result.output, scale) };
    },
  },
  ...onScaledQueries(normalisedLinearAttention, [
    {
      mode: 'recurrent',
      name: 'key-sum-restarts',
      says: 'the sum of keys starts from zero at every call, but the state continues',
      rejectedBy: ['definition', 'resumable', 'decoding'],
      program: (inputs) => normalisedBy(recurrentLinearAttention, { ...inputs, keySum: zerosLike(inputs.keySum) }),
    },
    {
      mode: 'recurrent',
      name: 'divisor-one-key-late',
      says: 'the divisor lacks the key of the token itself',
      rejectedBy: ['definition', 'derivative'],
      program: (inputs) => {
        const { q, k, keySum } = inputs;
        const { output, state } = recurrentLinearAttention(inputs, inputs.state);
        const sums = linearScan(filledLike(k, 1, k.shape), k, keySum, 2);
        const [b, h, t, d] = k.shape as [number, number, number, number];
        const before = concat([reshape(keySum, [b, h, 1, d]), slice(sums, 2, 0, t - 1)], 2);
        const weights = reshape(einsum('bhtd,bhtd->bht', q, before), [b, h, t, 1]);
        return { output: div(output, add(weights, 1e-10)), state, keySum: at(sums, 2, t - 1) };
      },
    },
    {
      mode: 'parallel',
      name: 'divisor-detached',
      says: 'no gradient passes through the divisor',
      rejectedBy: ['modes', 'derivative'],
      program: (inputs) => {
        const plain = parallelLinearAttention(inputs, inputs.state);
        const result = normalisedBy(parallelLinearAttention, inputs);
        const divisor = stopGradient(div(plain.output, result.output));
        return { ...result, output: div(plain.output, divisor) };
      },
    },
    {
      mode: 'parallel',
      name: 'epsilon-missing',
      says: 'divided by the sum of weights alone',
      rejectedBy: ['definition', 'modes'],
      program: (inputs) => {
        const { q, k, keySum } = inputs;
        const result = normalisedBy(parallelLinearAttention, inputs);
        const sums = linearScan(filledLike(k, 1, k.shape), k, keySum, 2);
        const weights = einsum('bhtd,bhtd->bht', q, sums);
        const grown = reshape(div(add(weights, 1e-10), weights), [...weights.shape, 1]);
        return { ...result, output: mul(result.output, grown) };
      },
    },
    {
      mode: 'chunkwise',
      name: 'key-sum-of-last-chunk',
      says: 'the final sum of keys is that of the last chunk alone',
      rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
      program: (inputs, { chunkSize }) => {
        const result = normalisedBy(chunkwiseLinearAttention(chunkSize), inputs);
        const last = chunks(inputs.k, 2, chunkSize).at(-1)!;
        const ones = filledLike(last, 1, last.shape.slice(0, 3));
        return { ...result, keySum: einsum('bht,bhtd->bhd', ones, last) };
      },
    },
  ]),
]);
