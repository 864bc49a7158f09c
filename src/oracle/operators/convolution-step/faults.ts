/** @file Faults of the convolution with a cache, modelled on real bugs: what is read and written, positions, options. */
import { convolutionStep as step } from '../../../nn/convolution-step.ts';
import { parallelConvolution, recurrentConvolution } from '../../../nn/depthwise-convolution.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { convolutionStep, stepping } from './operator.ts';

const [parallel, recurrent] = [step(parallelConvolution), step(recurrentConvolution)];

/** Changes the position of each sequence. */
const moved = (position: Value | undefined, of: (p: number, all: Float64Array) => number): Value | undefined => {
  if (position === undefined) return undefined;
  const { on, shape } = position;
  const data = Float64Array.from(on.read(position.data));
  const changed = data.map((p) => of(p, data));
  return { ...position, data: on.input(changed, shape, 'index') };
};

export const convolutionStepFaults = faultsOf(convolutionStep, [
  {
    mode: 'recurrent',
    name: 'cache-not-written',
    says: 'returns the window that it was given',
    rejectedBy: ['definition', 'resumable', 'decoding'],
    program: stepping((inputs, window) => ({ output: recurrent(inputs, window).output, state: window })),
  },
  {
    mode: 'parallel',
    name: 'written-before-it-is-read',
    says: 'writes the new tokens into a circular window before it reads the older ones',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: stepping((inputs, window) => {
      const { state } = parallel(inputs, window);
      return { output: parallel(inputs, inputs.position === undefined ? window : state).output, state };
    }),
  },
  {
    mode: 'parallel',
    name: 'one-row-off',
    says: 'a circular window is read and written one row too far',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: stepping((inputs, window) =>
      parallel({ ...inputs, position: moved(inputs.position, (p) => p + 1) }, window),
    ),
  },
  {
    mode: 'recurrent',
    name: 'position-of-the-first-sequence',
    says: 'every sequence of the batch has the position of the first',
    rejectedBy: ['definition', 'derivative', 'permutes'],
    program: stepping((inputs, window) =>
      recurrent({ ...inputs, position: moved(inputs.position, (_, all) => all[0]!) }, window),
    ),
  },
  {
    mode: 'parallel',
    name: 'never-circular',
    says: 'ignores positions, as if the newest token were in the last row',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: stepping(({ position: _, ...inputs }, window) => parallel(inputs, window)),
  },
  {
    mode: 'parallel',
    name: 'short-call-clears-window',
    says: 'a call with fewer tokens than rows leaves zeros in the others',
    rejectedBy: ['definition', 'modes', 'resumable', 'decoding'],
    program: stepping((inputs, window) => ({
      output: parallel(inputs, window).output,
      state: parallel(inputs, zerosLike(window)).state,
    })),
  },
  {
    mode: 'parallel',
    name: 'window-gradient-dropped',
    says: 'no gradient goes through the window to the next window',
    rejectedBy: ['modes', 'derivative', 'resumable'],
    program: stepping((inputs, window) => ({
      output: parallel(inputs, window).output,
      state: parallel(inputs, stopGradient(window)).state,
    })),
  },
  {
    mode: 'recurrent',
    name: 'activation-missing-in-step',
    says: 'the step of one token forgets silu',
    rejectedBy: ['definition', 'derivative', 'resumable'],
    program: stepping((inputs, window) => recurrent({ ...inputs, activation: 'none' }, window)),
  },
  {
    mode: 'recurrent',
    name: 'bias-missing-in-step',
    says: 'the step of one token forgets the bias',
    rejectedBy: ['definition', 'derivative', 'resumable'],
    program: stepping((inputs, window) => recurrent({ ...inputs, bias: undefined }, window)),
  },
]);
