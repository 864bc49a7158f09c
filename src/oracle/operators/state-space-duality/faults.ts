/** @file Faults of state space duality: groups, blocks, masks, gradients. */
import { chunkwiseLinearAttention } from '../../../nn/linear-attention/chunkwise.ts';
import { parallelLinearAttention } from '../../../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../../../nn/linear-attention/recurrent.ts';
import { stateSpaceDuality as dual } from '../../../nn/state-space-duality.ts';
import { at, stack } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOfTokens } from '../../fault.ts';
import { filling, inChunks, maskedLate } from '../shared/linear-attention-faults.ts';
import { stateSpaceDuality } from './operator.ts';

/** Expands B or C to one row per head, with the wrong group: head a takes group a mod g. */
const dealt = (rows: Value, heads: number): Value =>
  stack(
    Array.from({ length: heads }, (_, a) => at(rows, 1, a % rows.shape[1]!)),
    1,
  );

export const stateSpaceDualityFaults = faultsOfTokens(stateSpaceDuality, [
  {
    mode: 'parallel',
    name: 'groups-misassigned',
    says: 'head a takes the rows of group a mod g',
    rejectedBy: ['definition', 'modes', 'derivative', 'dyadic'],
    program: ({ state, ...inputs }) => {
      const heads = inputs.x.shape[1]!;
      const rows = { b: dealt(inputs.b, heads), c: dealt(inputs.c, heads) };
      return dual(parallelLinearAttention)({ ...inputs, ...rows }, state);
    },
  },
  {
    mode: 'chunkwise',
    name: 'state-added-at-every-block',
    says: 'the initial state is added at every block as it is',
    rejectedBy: ['definition', 'modes', 'chunks'],
    program: ({ state, ...inputs }, { chunkSize }) =>
      dual((rest, before) => inChunks({ ...rest, state: before }, chunkSize, add))(inputs, state),
  },
  {
    mode: 'chunkwise',
    name: 'padding-decays-state',
    says: 'the last block is filled with tokens that decay as the last one does',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
    program: ({ x, gate, b, c, state }, { chunkSize }) => {
      const t = x.shape[2]!;
      const { zeros, gates } = filling(t, chunkSize);
      const filled = { x: zeros(x), gate: gates(gate), b: zeros(b), c: zeros(c) };
      const result = dual(chunkwiseLinearAttention(chunkSize))(filled, state);
      return { output: slice(result.output, 2, 0, t), state: result.state };
    },
  },
  {
    mode: 'parallel',
    name: 'exp-before-mask',
    says: 'exp of differences of sums of log decays, masked afterwards: 0 · ∞ in the gradient',
    rejectedBy: ['modes', 'derivative'],
    program: ({ state, gate, ...inputs }) =>
      dual((rest, before) => maskedLate({ ...rest, gate, state: before }))({ ...inputs, gate }, state),
  },
  {
    mode: 'recurrent',
    name: 'gate-detached',
    says: 'no gradient reaches the log decays',
    rejectedBy: ['derivative', 'resumable'],
    program: ({ state, ...inputs }) =>
      dual(recurrentLinearAttention)({ ...inputs, gate: stopGradient(inputs.gate) }, state),
  },
]);
