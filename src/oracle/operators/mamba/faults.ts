/** @file Faults of Mamba: exchanged parts, lost or wrong states. */
import { silu } from '../../../nn/activations.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { mapValues } from '../../named.ts';
import type { Named } from '../../program.ts';
import { mambaOperator } from './operator.ts';

/** Changes the tensors whose names end with `name`. */
const ending = (named: Named, name: string, change: (x: Value) => Value): Named =>
  mapValues(named, (x, path) => (path.endsWith(name) ? change(x) : x));

const zeroed = (x: Value): Value => zerosLike(x);

/** Exchanges two adjacent blocks of `length` rows; the first starts at `start`. */
const exchanged = (x: Value, start: number, length: number): Value => {
  const part = (from: number, to: number): Value => slice(x, 0, from, to);
  const [first, second] = [part(start, start + length), part(start + length, start + 2 * length)];
  return concat([part(0, start), second, first, part(start + 2 * length, x.shape[0]!)], 0);
};

export const mambaFaults = faultsOf(mambaOperator, [
  {
    mode: 'recurrent',
    name: 'bias-missing-in-step',
    says: 'the step of one token forgets the bias of δ',
    rejectedBy: ['definition', 'derivative'],
    program: (inputs, settings, run) => run(ending(inputs, '.deltaBias', zeroed), settings),
  },
  {
    mode: 'parallel',
    name: 'x-and-z-exchanged',
    says: 'the first half of the input projection is used as the gate',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: (inputs, settings, run) =>
      run(
        ending(inputs, '.input', (x) => exchanged(x, 0, x.shape[0]! / 2)),
        settings,
      ),
  },
  {
    mode: 'parallel',
    name: 'b-and-c-exchanged',
    says: 'the rows of B and C are exchanged',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: (inputs, settings, run) => {
      const { deltaRank, stateSize } = settings.config;
      return run(
        ending(inputs, '.selection', (x) => exchanged(x, deltaRank, stateSize)),
        settings,
      );
    },
  },
  {
    mode: 'parallel',
    name: 'skip-missing',
    says: 'D is left out',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: (inputs, settings, run) => run(ending(inputs, '.skip', zeroed), settings),
  },
  {
    mode: 'parallel',
    name: 'a-halved',
    says: 'decays are half as fast',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) =>
      run(
        ending(inputs, '.aLog', (x) => scale(x, 0.5)),
        settings,
      ),
  },
  {
    mode: 'chunkwise',
    name: 'filled-cache-ignored',
    says: 'a call of several tokens starts the scan from zero and ignores the given state',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable'],
    program: (inputs, settings, run) =>
      run(inputs.tokens.shape[1] === 1 ? inputs : ending(inputs, '.ssm', zeroed), settings),
  },
  {
    mode: 'parallel',
    name: 'window-ignored',
    says: 'the convolution starts from zeros',
    rejectedBy: ['definition', 'modes', 'resumable'],
    program: (inputs, settings, run) => run(ending(inputs, '.conv', zeroed), settings),
  },
  {
    mode: 'parallel',
    name: 'window-activated',
    says: 'the window that is handed over has been through silu',
    rejectedBy: ['definition', 'modes', 'resumable', 'decoding'],
    program: (inputs, settings, run) => ending(run(inputs, settings), '.conv', silu),
  },
  {
    mode: 'chunkwise',
    name: 'state-not-handed-over',
    says: 'the prefill gives back the state that it was given',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    program: (inputs, settings, run) => {
      const given: Named = inputs;
      return mapValues(run(inputs, settings), (x, name) => (name.endsWith('.ssm') ? (given[name] ?? zerosLike(x)) : x));
    },
  },
  {
    mode: 'parallel',
    name: 'state-detached',
    says: 'no gradient through the hand-off',
    rejectedBy: ['modes', 'derivative', 'resumable'],
    program: (inputs, settings, run) =>
      run(
        mapValues(inputs, (x, name) => (name.startsWith('state.') ? stopGradient(x) : x)),
        settings,
      ),
  },
]);
