/** @file Faults of the generalised delta rule: the order of decay and read, a and b, scales, chunks, gradients. */
import { chunkwiseDplr } from '../../../nn/dplr/chunkwise.ts';
import type { Dplr } from '../../../nn/dplr/inputs.ts';
import { recurrentLinearAttention } from '../../../nn/linear-attention/recurrent.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { exp } from '../../../tensor/primitives/exp.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { scale as multiplied } from '../../../tensor/primitives/scale.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOfTokens } from '../../fault.ts';
import { mapValues } from '../../named.ts';
import { filling } from '../shared/linear-attention-faults.ts';
import { rwkv7 } from './operator.ts';

type Tokens = Readonly<Record<'q' | 'k' | 'v' | 'a' | 'b' | 'gate', Value>>;

/** Runs chunks one after another by `run`, with the state between chunks changed by `handOver`. */
function inChunks(
  inputs: Tokens,
  start: Value,
  chunkSize: number,
  handOver: (left: Value, start: Value) => Value,
  run: Dplr = chunkwiseDplr(chunkSize),
): { output: Value; state: Value } {
  const t = inputs.q.shape[2]!;
  const outputs: Value[] = [];
  let s = start;
  for (let from = 0; from < t; from += chunkSize) {
    const to = Math.min(t, from + chunkSize);
    const result = run(mapValues(inputs, (x) => slice(x, 2, from, to)) as Tokens, s);
    s = to < t ? handOver(result.state, start) : result.state;
    outputs.push(result.output);
  }
  return { output: concat(outputs, 2), state: s };
}

/** A chunk whose triangular system is not solved: a reads the initial state and what k wrote, but not what b wrote. */
const unsolved: Dplr = ({ q, k, v, a, b, gate }, state) => {
  const t = q.shape[2]!;
  const next = pad(slice(a, 2, 1, t), 2, 0, 1);
  const later = recurrentLinearAttention({ q: next, k, v, gate }, state).output;
  const first = einsum('bhtd,bhde->bhte', slice(a, 2, 0, 1), state);
  const read = concat([first, slice(later, 2, 0, t - 1)], 2);
  const own = recurrentLinearAttention({ q, k, v, gate }, state);
  const written = recurrentLinearAttention({ q, k: b, v: read, gate }, zerosLike(state));
  return { output: add(own.output, written.output), state: add(own.state, written.state) };
};

export const rwkv7Faults = faultsOfTokens(rwkv7, [
  {
    mode: 'recurrent',
    name: 'decay-before-read',
    says: 'a reads the state after its decay',
    rejectedBy: ['definition', 'derivative', 'dyadic'],
    program: ({ a, gate, ...inputs }, settings, run) => run({ ...inputs, a: mul(a, exp(gate)), gate }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'a-and-b-exchanged',
    says: 'b reads and a writes: the transition is transposed',
    rejectedBy: ['definition', 'modes', 'chunks', 'derivative', 'dyadic'],
    program: ({ a, b, ...inputs }, settings, run) => run({ ...inputs, a: b, b: a }, settings),
  },
  {
    mode: 'recurrent',
    name: 'low-rank-subtracted',
    says: 'the part of low rank has the other sign, as if a were κ and not −κ',
    rejectedBy: ['definition', 'derivative', 'dyadic'],
    program: ({ a, ...inputs }, settings, run) => run({ ...inputs, a: multiplied(a, -1) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'scale-missing',
    says: 'queries are not scaled',
    rejectedBy: ['definition', 'modes', 'chunks', 'derivative', 'dyadic'],
    program: ({ state, ...inputs }, { chunkSize }) => chunkwiseDplr(chunkSize)(inputs, state),
  },
  {
    mode: 'chunkwise',
    name: 'triangle-not-solved',
    says: 'in a chunk, a does not read what b wrote: no triangular system is solved',
    rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
    program: ({ q, state, ...inputs }, { chunkSize, scale = 1 }) =>
      inChunks({ ...inputs, q: multiplied(q, scale) }, state, chunkSize, (left) => left, unsolved),
  },
  {
    mode: 'recurrent',
    name: 'first-gate-spares-state',
    says: 'the gate of the first token does not decay the initial state',
    rejectedBy: ['definition', 'resumable', 'derivative', 'dyadic'],
    program: ({ gate, ...inputs }, settings, run) =>
      run({ ...inputs, gate: pad(slice(gate, 2, 1, gate.shape[2]!), 2, 1, 0) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'padding-decays-state',
    says: 'tokens that fill the last chunk decay the state like the last one',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
    program: ({ gate, state, ...inputs }, settings, run) => {
      const t = gate.shape[2]!;
      const { zeros, gates } = filling(t, settings.chunkSize);
      const result = run({ ...mapValues(inputs, zeros), gate: gates(gate), state }, settings);
      return { output: slice(result.output!, 2, 0, t), state: result.state! };
    },
  },
  {
    mode: 'chunkwise',
    name: 'carry-lost',
    says: 'every chunk starts from the initial state',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    program: ({ q, state, ...inputs }, { chunkSize, scale = 1 }) =>
      inChunks({ ...inputs, q: multiplied(q, scale) }, state, chunkSize, (_left, start) => start),
  },
  {
    mode: 'chunkwise',
    name: 'gradient-stops-at-chunks',
    says: 'forward exact, but no gradient crosses a chunk boundary',
    rejectedBy: ['modes', 'chunks', 'derivative', 'dyadic'],
    program: ({ q, state, ...inputs }, { chunkSize, scale = 1 }) =>
      inChunks({ ...inputs, q: multiplied(q, scale) }, state, chunkSize, stopGradient),
  },
  {
    mode: 'recurrent',
    name: 'a-detached',
    says: 'no gradient reaches a',
    rejectedBy: ['derivative'],
    program: ({ a, ...inputs }, settings, run) => run({ ...inputs, a: stopGradient(a) }, settings),
  },
]);
