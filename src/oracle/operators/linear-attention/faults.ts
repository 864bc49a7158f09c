/** @file Faults of linear attention without a gate: masks, chunks, the initial state. */
import { parallelLinearAttention } from '../../../nn/linear-attention/parallel.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { sub } from '../../../tensor/ops.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { faultsOfTokens } from '../../fault.ts';
import { inChunks } from '../shared/linear-attention-faults.ts';
import { withFaultsOfScale } from '../shared/query-scale-faults.ts';
import { linearAttention } from './operator.ts';

export const linearAttentionFaults = faultsOfTokens(
  linearAttention,
  withFaultsOfScale(linearAttention, [
    {
      mode: 'parallel',
      name: 'own-token-masked',
      says: 'a token does not read itself',
      rejectedBy: ['definition', 'modes', 'derivative', 'dyadic'],
      program: ({ q, k, v, state }) => {
        const result = parallelLinearAttention({ q, k, v }, state);
        const own = mul(v, reshape(einsum('bhtd,bhtd->bht', q, k), [...q.shape.slice(0, 3), 1]));
        return { ...result, output: sub(result.output, own) };
      },
    },
    {
      mode: 'chunkwise',
      name: 'carry-lost',
      says: 'every chunk starts from the initial state',
      rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
      program: (inputs, { chunkSize }) => inChunks(inputs, chunkSize, (_left, start) => start),
    },
    {
      mode: 'parallel',
      name: 'state-ignored',
      says: 'starts from zero and ignores the given state',
      rejectedBy: ['definition', 'modes', 'resumable', 'decoding', 'dyadic'],
      program: ({ state, ...inputs }) => parallelLinearAttention(inputs, zerosLike(state)),
    },
  ]),
);
