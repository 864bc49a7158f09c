/** @file Faults that dense stacks share: wrong connections, lost states and windows, weights that are left out or exchanged. */
import { silu } from '../../../nn/activations.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Description, Wrong } from '../../fault.ts';
import { mapValues } from '../../named.ts';
import type { Named } from '../../program.ts';
import { type DenseSettings, wrongConnections } from './dense-models.ts';

/** Changes the tensors whose names end with `name`. */
export const ending = (named: Named, name: string, change: (x: Value) => Value): Named =>
  mapValues(named, (x, path) => (path.endsWith(name) ? change(x) : x));

/** Exchanges two adjacent blocks of `length` rows; the first starts at `start`. */
export const exchanged = (x: Value, start: number, length: number): Value => {
  const part = (from: number, to: number): Value => slice(x, 0, from, to);
  const [middle, end] = [start + length, start + 2 * length];
  return concat([part(0, start), part(middle, end), part(start, middle), part(end, x.shape[0]!)], 0);
};

/** A program that reads zeros where it should read a weight. */
export const without = <S extends DenseSettings>(
  weight: string,
  description: Omit<Description, 'rejectedBy'>,
): Wrong<S> => ({
  ...description,
  rejectedBy: ['definition', 'modes'],
  program: (inputs, settings, run) => run(ending(inputs, weight, zeroed), settings),
});

/** Returns zeros of the shape of `x`. */
const zeroed = (x: Value): Value => zerosLike(x);

/** Wrong connections, and a state of `memory` that a call of several tokens loses. */
export const wrongStacks = <S extends DenseSettings>(memory: string): readonly Wrong<S>[] => [
  ...wrongConnections<S>(),
  {
    mode: 'chunkwise',
    name: 'filled-cache-ignored',
    says: 'a call of several tokens starts from zero and ignores the given state',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable'],
    program: (inputs, settings, run) =>
      run(inputs.tokens!.shape[1] === 1 ? inputs : ending(inputs, memory, zeroed), settings),
  },
];

/** Wrong windows of a convolution. */
export const wrongWindows = <S extends DenseSettings>(): readonly Wrong<S>[] => [
  {
    mode: 'chunkwise',
    name: 'window-activated',
    says: 'the window that is handed over has been through silu',
    rejectedBy: ['definition', 'modes', 'resumable', 'decoding'],
    program: (inputs, settings, run) => ending(run(inputs, settings), '.conv', silu),
  },
];
