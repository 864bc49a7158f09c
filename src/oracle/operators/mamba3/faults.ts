/** @file Faults of Mamba-3: the trapezoid, rotations, biases, states that are handed over, gradients. */
import { gatedOutput } from '../../../nn/mamba3/inputs.ts';
import { filledLike, zerosLike } from '../../../tensor/operand.ts';
import { neg } from '../../../tensor/ops.ts';
import { maximum } from '../../../tensor/primitives/maximum.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOfTokens } from '../../fault.ts';
import { mamba3 } from './operator.ts';

export const mamba3Faults = faultsOfTokens(mamba3, [
  {
    mode: 'recurrent',
    name: 'trapezoid-reversed',
    says: 'this input has the share of the one before',
    rejectedBy: ['definition', 'derivative'],
    program: ({ trap, ...inputs }, settings, run) => run({ ...inputs, trap: neg(trap) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'euler-not-trapezoid',
    says: 'Euler’s rule: a token’s own input counts whole, the one before not at all',
    rejectedBy: ['definition', 'modes', 'chunks', 'derivative'],
    program: ({ trap, ...inputs }, settings, run) =>
      run({ ...inputs, trap: filledLike(trap, 800, trap.shape) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'input-before-lost',
    says: 'key and value of the token before the first are taken as zeros',
    rejectedBy: ['definition', 'modes', 'chunks', 'derivative', 'resumable', 'decoding'],
    program: ({ keyState, valueState, ...inputs }, settings, run) =>
      run({ ...inputs, keyState: zerosLike(keyState), valueState: zerosLike(valueState) }, settings),
  },
  {
    mode: 'recurrent',
    name: 'rotated-backwards',
    says: 'queries and keys turn the other way, but not the key that is handed over',
    rejectedBy: ['definition', 'resumable', 'derivative'],
    program: ({ angles, angleState, ...inputs }, settings, run) => {
      const result = run({ ...inputs, angles: neg(angles), angleState: neg(angleState) }, settings);
      return { ...result, angleState: neg(result.angleState!) };
    },
  },
  {
    mode: 'recurrent',
    name: 'never-backwards',
    says: 'angles below 0 do not rotate',
    rejectedBy: ['definition', 'derivative'],
    program: ({ angles, ...inputs }, settings, run) => run({ ...inputs, angles: maximum(angles, 0) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'angles-restart',
    says: 'angles start at 0 in every call',
    rejectedBy: ['definition', 'modes', 'resumable', 'decoding'],
    program: ({ angleState, ...inputs }, settings, run) =>
      run({ ...inputs, angleState: zerosLike(angleState) }, settings),
  },
  {
    mode: 'recurrent',
    name: 'bias-of-keys-missing',
    says: 'keys have no bias',
    rejectedBy: ['definition', 'derivative'],
    program: ({ kBias, ...inputs }, settings, run) => run({ ...inputs, kBias: scale(kBias, 0) }, settings),
  },
  {
    mode: 'recurrent',
    name: 'skip-after-gate',
    says: 'the skip is added after the gate of the outputs',
    rejectedBy: ['definition', 'derivative'],
    program: ({ skip, ...inputs }, settings, run) => {
      const result = run(inputs, settings);
      const { z: _, ...ungated } = inputs;
      return { ...result, output: gatedOutput(result.output!, { ...ungated, skip }) };
    },
  },
  {
    mode: 'chunkwise',
    name: 'gradient-skips-angles',
    says: 'no gradient reaches the angles',
    rejectedBy: ['modes', 'chunks', 'derivative'],
    program: ({ angles, ...inputs }, settings, run) => run({ ...inputs, angles: stopGradient(angles) }, settings),
  },
]);
