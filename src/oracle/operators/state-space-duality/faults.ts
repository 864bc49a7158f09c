/** @file Faults of state space duality: blocks, masks, gradients. */
import { chunkwiseLinearAttention } from '../../../nn/linear-attention/chunkwise.ts';
import { recurrentLinearAttention } from '../../../nn/linear-attention/recurrent.ts';
import { stateSpaceDuality as dual } from '../../../nn/state-space-duality.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOfTokens } from '../../fault.ts';
import { filling, inChunks, maskedLate } from '../shared/linear-attention-faults.ts';
import { stateSpaceDuality } from './operator.ts';

export const stateSpaceDualityFaults = faultsOfTokens(stateSpaceDuality, [
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
