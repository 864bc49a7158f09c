/** @file Faults of linear attention with a gate for each key channel: scales, gates, channels, chunks, gradients. */
import { chunkwiseLinearAttention } from '../../../nn/linear-attention/chunkwise.ts';
import { parallelLinearAttention } from '../../../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../../../nn/linear-attention/recurrent.ts';
import { broadcast } from '../../../tensor/primitives/broadcast.ts';
import { exp } from '../../../tensor/primitives/exp.ts';
import { maximum } from '../../../tensor/primitives/maximum.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { scale as multiplied } from '../../../tensor/primitives/scale.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOfTokens } from '../../fault.ts';
import { filling, inChunks } from '../shared/linear-attention-faults.ts';
import { gla } from './operator.ts';

export const glaFaults = faultsOfTokens(gla, [
  {
    mode: 'recurrent',
    name: 'scale-missing',
    says: 'queries are not scaled',
    rejectedBy: ['definition', 'derivative'],
    program: ({ state, ...inputs }) => recurrentLinearAttention(inputs, state),
  },
  {
    mode: 'chunkwise',
    name: 'keys-scaled-too',
    says: 'keys are scaled as queries are, so that the state is too',
    rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
    program: ({ q, k, state, ...inputs }, { chunkSize, scale = 1 }) =>
      chunkwiseLinearAttention(chunkSize)({ ...inputs, q: multiplied(q, scale), k: multiplied(k, scale) }, state),
  },
  {
    mode: 'parallel',
    name: 'state-read-unscaled',
    says: 'what the initial state adds to the outputs is not scaled',
    rejectedBy: ['definition', 'modes', 'dyadic'],
    program: ({ q, v, state, ...inputs }, { scale = 1 }) => {
      const read = parallelLinearAttention({ ...inputs, q, v: multiplied(v, scale) }, state);
      return { output: read.output, state: parallelLinearAttention({ ...inputs, q, v }, state).state };
    },
  },
  {
    mode: 'recurrent',
    name: 'first-gate-spares-state',
    says: 'the gate of the first token does not decay the initial state',
    rejectedBy: ['definition', 'resumable', 'derivative', 'dyadic'],
    program: ({ q, gate, state, ...inputs }, { scale = 1 }) => {
      const later = slice(gate, 2, 1, gate.shape[2]!);
      return recurrentLinearAttention({ ...inputs, q: multiplied(q, scale), gate: pad(later, 2, 1, 0) }, state);
    },
  },
  {
    mode: 'parallel',
    name: 'one-gate-for-all-channels',
    says: 'every key channel decays like the first',
    rejectedBy: ['definition', 'modes', 'derivative', 'dyadic'],
    program: ({ gate, ...inputs }, settings, run) =>
      run({ ...inputs, gate: broadcast(slice(gate, 3, 0, 1), gate.shape) }, settings),
  },
  {
    mode: 'recurrent',
    name: 'key-decays-at-once',
    says: 'a token decays in the step that writes it: S_t = e^g (S_{t−1} + k v)',
    rejectedBy: ['definition', 'derivative', 'dyadic'],
    program: ({ k, gate, ...inputs }, settings, run) => run({ ...inputs, k: mul(k, exp(gate)), gate }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'resets-clamped',
    says: 'gates are clamped at −5, so that a reset leaves 7·10⁻³ of a channel',
    rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
    program: ({ gate, ...inputs }, settings, run) => run({ ...inputs, gate: maximum(gate, -5) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'padding-decays-state',
    says: 'tokens that fill the last chunk decay the state like the last one',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
    program: ({ q, k, v, gate, state }, settings, run) => {
      const t = q.shape[2]!;
      const { zeros, gates } = filling(t, settings.chunkSize);
      const result = run({ q: zeros(q), k: zeros(k), v: zeros(v), gate: gates(gate), state }, settings);
      return { output: slice(result.output!, 2, 0, t), state: result.state! };
    },
  },
  {
    mode: 'chunkwise',
    name: 'carry-lost',
    says: 'every chunk starts from the initial state',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    program: ({ q, ...inputs }, { chunkSize, scale = 1 }) =>
      inChunks({ ...inputs, q: multiplied(q, scale) }, chunkSize, (_left, start) => start),
  },
  {
    mode: 'chunkwise',
    name: 'gradient-stops-at-chunks',
    says: 'forward exact, but no gradient crosses a chunk boundary',
    rejectedBy: ['modes', 'chunks', 'derivative', 'dyadic'],
    program: ({ q, ...inputs }, { chunkSize, scale = 1 }) =>
      inChunks({ ...inputs, q: multiplied(q, scale) }, chunkSize, stopGradient),
  },
]);
