/** @file Faults of Mamba-3 with several inputs and outputs: what is shared, mapped, skipped and gated for each of them. */
import { mamba3Mimo as several } from '../../../nn/mamba3/mimo.ts';
import { recurrentMamba3 } from '../../../nn/mamba3/recurrent.ts';
import { filledLike, zerosLike } from '../../../tensor/operand.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { broadcast } from '../../../tensor/primitives/broadcast.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOfTokens } from '../../fault.ts';
import { mamba3Mimo } from './operator.ts';

/** The first of each along an axis, for all. */
const firstOf = (x: Value, axis: number): Value => broadcast(slice(x, axis, 0, 1), x.shape);

export const mamba3MimoFaults = faultsOfTokens(mamba3Mimo, [
  {
    mode: 'recurrent',
    name: 'one-key-for-all',
    says: 'every input has the key of the first',
    rejectedBy: ['definition', 'derivative'],
    program: ({ k, ...inputs }, settings, run) => run({ ...inputs, k: firstOf(k, 3) }, settings),
  },
  {
    mode: 'recurrent',
    name: 'states-apart',
    says: 'each output reads the state that its own input wrote, not that of all',
    rejectedBy: ['definition', 'derivative'],
    program: (inputs) => {
      const { angleState, state, keyState, valueState, ...given } = inputs;
      const right = several(recurrentMamba3)(given, { angleState, state, keyState, valueState });
      const one = (i: number) => {
        const from = (x: Value, axis: number): Value => slice(x, axis, i, i + 1);
        const own = { ...given, q: from(given.q, 3), k: from(given.k, 3) };
        const maps = { qBias: from(given.qBias, 1), kBias: from(given.kBias, 1), mimoV: from(given.mimoV, 1) };
        const out = { mimoOut: from(given.mimoOut, 1), ...(given.mimoZ && { mimoZ: from(given.mimoZ, 1) }) };
        const last = { keyState: from(keyState, 2), valueState: from(valueState, 2) };
        return several(recurrentMamba3)({ ...own, ...maps, ...out }, { angleState, state, ...last }).output;
      };
      return { ...right, output: Array.from({ length: given.q.shape[3]! }, (_, i) => one(i)).reduce(add) };
    },
  },
  {
    mode: 'chunkwise',
    name: 'values-not-mapped',
    says: 'all inputs are the values themselves',
    rejectedBy: ['definition', 'modes', 'chunks', 'derivative'],
    program: ({ mimoV, ...inputs }, settings, run) =>
      run({ ...inputs, mimoV: filledLike(mimoV, 1, mimoV.shape) }, settings),
  },
  {
    mode: 'recurrent',
    name: 'outputs-averaged',
    says: 'outputs are added without their factors',
    rejectedBy: ['definition', 'derivative'],
    program: ({ mimoOut, ...inputs }, settings, run) =>
      run({ ...inputs, mimoOut: filledLike(mimoOut, 1, mimoOut.shape) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'inputs-before-lost',
    says: 'keys and values of the token before the first are taken as zeros',
    rejectedBy: ['definition', 'modes', 'chunks', 'derivative', 'resumable', 'decoding'],
    program: ({ keyState, valueState, ...inputs }, settings, run) =>
      run({ ...inputs, keyState: zerosLike(keyState), valueState: zerosLike(valueState) }, settings),
  },
  {
    mode: 'recurrent',
    name: 'one-bias-for-all',
    says: 'every query has the bias of the first',
    rejectedBy: ['definition', 'derivative'],
    program: ({ qBias, ...inputs }, settings, run) => run({ ...inputs, qBias: firstOf(qBias, 1) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'gradient-skips-maps',
    says: 'no gradient reaches the factors of values',
    rejectedBy: ['modes', 'chunks', 'derivative'],
    program: ({ mimoV, ...inputs }, settings, run) => run({ ...inputs, mimoV: stopGradient(mimoV) }, settings),
  },
]);
