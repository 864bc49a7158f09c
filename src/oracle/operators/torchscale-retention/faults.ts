/** @file Faults of retention with torchscale's normalisations: divisors and the initial state. */

import { normalisedRetention } from '../../../nn/retention/normalised.ts';
import { parallelRetention } from '../../../nn/retention/parallel.ts';
import { normalisedDecayMatrix } from '../../../nn/retention/torchscale.ts';
import { constantLike, zerosLike } from '../../../tensor/operand.ts';
import { chunks } from '../../../tensor/ops.ts';
import { abs } from '../../../tensor/primitives/abs.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { div } from '../../../tensor/primitives/div.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { maximum } from '../../../tensor/primitives/maximum.ts';
import { minimum } from '../../../tensor/primitives/minimum.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { sum } from '../../../tensor/primitives/sum.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { retaining } from '../shared/retention.ts';
import { torchscaleRetention } from './operator.ts';

export const torchscaleRetentionFaults = faultsOf(torchscaleRetention, [
  {
    mode: 'parallel',
    name: 'rows-not-divided',
    says: 'the clamped row sum is left out',
    rejectedBy: ['definition', 'elements'],
    program: retaining(({ state, position, ...rest }) =>
      normalisedRetention('decay', { name: 'parallel' }, rest, state, { position, path: '' }),
    ),
  },
  {
    mode: 'parallel',
    name: 'divisor-differentiated',
    says: 'the row sum is differentiated like anything else',
    rejectedBy: ['derivative'],
    program: retaining(({ q, k, v, decay, state }) => {
      const [, h, t] = q.shape as readonly [number, number, number, number];
      const weights = constantLike(q, normalisedDecayMatrix(decay, t), [h, t, t]);
      const scores = mul(einsum('bhtd,bhsd->bhts', q, k), weights);
      const divisor = minimum(maximum(sum(abs(scores), [3]), 1), 5e4);
      const output = einsum('bhts,bhse->bhte', div(scores, reshape(divisor, [...divisor.shape, 1])), v);
      return { output, state: parallelRetention({ q, k, v, decay }, state).state };
    }),
  },
  {
    mode: 'chunkwise',
    name: 'state-size-ignored',
    says: "a chunk is divided by its own scores alone, not by the state's size",
    rejectedBy: ['definition'],
    program: retaining(({ state, chunkSize, decay, q, k, v }) => {
      const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, 2, chunkSize)) as [Value[], Value[], Value[]];
      const outputs = qs.map((part, i) => {
        const inputs = { q: part, k: ks[i]!, v: vs[i]!, decay };
        return normalisedRetention('torchscale', { name: 'parallel' }, inputs, zerosLike(state)).output;
      });
      return { output: concat(outputs, 2), state: parallelRetention({ decay, q, k, v }, state).state };
    }),
  },
  {
    mode: 'recurrent',
    name: 'state-ignored',
    says: 'starts from zero and ignores the given state',
    rejectedBy: ['resumable'],
    program: retaining(({ state, position, ...rest }) =>
      normalisedRetention('torchscale', { name: 'recurrent' }, rest, zerosLike(state), { position, path: '' }),
    ),
  },
]);
