/** @file Faults of gated linear attention: masks, gates, resets, chunks. */
import { chunkwiseLinearAttention } from '../../../nn/linear-attention/chunkwise.ts';
import { parallelLinearAttention } from '../../../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../../../nn/linear-attention/recurrent.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { exp } from '../../../tensor/primitives/exp.ts';
import { maximum } from '../../../tensor/primitives/maximum.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOfTokens } from '../../fault.ts';
import { acrossChunks, filling, inChunks, lastAlone, maskedLate, oneLate } from '../shared/linear-attention-faults.ts';
import { withFaultsOfScale } from '../shared/query-scale-faults.ts';
import { simpleGla } from './operator.ts';

export const simpleGlaFaults = faultsOfTokens(
  simpleGla,
  withFaultsOfScale(simpleGla, [
    {
      mode: 'parallel',
      name: 'exp-before-mask',
      says: 'exp of differences of sums of gates, masked afterwards: forward right, 0 · ∞ in the gradient; ∞ − ∞ after a reset',
      rejectedBy: ['modes', 'derivative'],
      program: maskedLate,
    },
    {
      mode: 'recurrent',
      name: 'first-gate-spares-state',
      says: 'the gate of the first token does not decay the initial state',
      rejectedBy: ['definition', 'resumable', 'derivative', 'dyadic'],
      program: ({ gate, state, ...inputs }) => {
        const later = slice(gate, 2, 1, gate.shape[2]!);
        return recurrentLinearAttention({ ...inputs, gate: pad(later, 2, 1, 0) }, state);
      },
    },
    {
      mode: 'recurrent',
      name: 'token-decays-at-once',
      says: 'a token decays in the step that writes it: S_t = exp(g_t) (S_{t−1} + kᵀv)',
      rejectedBy: ['definition', 'derivative'],
      program: ({ gate, state, v, ...inputs }) => {
        const decay = reshape(exp(gate), [...gate.shape, 1]);
        return recurrentLinearAttention({ ...inputs, gate, v: mul(v, decay) }, state);
      },
    },
    {
      mode: 'parallel',
      name: 'gates-to-base-two',
      says: 'gates read as powers of 2',
      rejectedBy: ['definition', 'modes', 'derivative'],
      program: ({ gate, state, ...inputs }) =>
        parallelLinearAttention({ ...inputs, gate: scale(gate, Math.LN2) }, state),
    },
    {
      mode: 'chunkwise',
      name: 'resets-clamped',
      says: 'gates are clamped at −20, so that a reset leaves 2·10⁻⁹ of the state',
      rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
      program: ({ gate, state, ...inputs }, { chunkSize }) =>
        chunkwiseLinearAttention(chunkSize)({ ...inputs, gate: maximum(gate, -20) }, state),
    },
    {
      mode: 'chunkwise',
      name: 'padding-decays-state',
      says: 'tokens that fill the last chunk decay the state like the last one',
      rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
      program: ({ q, k, v, gate, state }, { chunkSize }) => {
        const t = q.shape[2]!;
        const { zeros, gates } = filling(t, chunkSize);
        const filled = { q: zeros(q), k: zeros(k), v: zeros(v), gate: gates(gate) };
        const result = chunkwiseLinearAttention(chunkSize)(filled, state);
        return { output: slice(result.output, 2, 0, t), state: result.state };
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
      mode: 'chunkwise',
      name: 'state-read-before-gate',
      says: 'queries read the state of the chunk before without the decay of their own token',
      rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
      program: (inputs, { chunkSize }) => acrossChunks(inputs, chunkSize, { read: oneLate }),
    },
    {
      mode: 'chunkwise',
      name: 'state-decays-by-last-gate',
      says: "the state between chunks decays by a chunk's last gate, not by all of them",
      rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
      program: (inputs, { chunkSize }) => acrossChunks(inputs, chunkSize, { carry: lastAlone }),
    },
    {
      mode: 'chunkwise',
      name: 'state-not-decayed',
      says: 'the state between chunks does not decay',
      rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
      program: (inputs, { chunkSize }) => acrossChunks(inputs, chunkSize, { carry: zerosLike }),
    },
    {
      mode: 'chunkwise',
      name: 'state-decays-twice',
      says: 'the state between chunks decays twice by all gates of a chunk',
      rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
      program: (inputs, { chunkSize }) => acrossChunks(inputs, chunkSize, { carry: (gate) => scale(gate, 2) }),
    },
    {
      mode: 'chunkwise',
      name: 'keys-not-decayed',
      says: "keys enter the state without the decay up to their chunk's end",
      rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
      program: (inputs, { chunkSize }) => acrossChunks(inputs, chunkSize, { keys: zerosLike }),
    },
    {
      mode: 'chunkwise',
      name: 'gradient-stops-at-chunks',
      says: 'forward exact, but no gradient crosses a chunk boundary',
      rejectedBy: ['modes', 'chunks', 'derivative', 'dyadic'],
      program: (inputs, { chunkSize }) => inChunks(inputs, chunkSize, stopGradient),
    },
    {
      mode: 'recurrent',
      name: 'open-gates-decay',
      says: 'a gate of 0 leaves a little less than everything',
      rejectedBy: ['reduces', 'definition', 'dyadic'],
      program: ({ gate, state, ...inputs }) =>
        recurrentLinearAttention({ ...inputs, gate: add(gate, -(2 ** -20)) }, state),
    },
  ]),
);
