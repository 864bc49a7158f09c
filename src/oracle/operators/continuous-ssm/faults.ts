/** @file Faults of the continuous state space model (Eqs. 3 and 4). */
import { zerosLike } from '../../../tensor/operand.ts';
import { transpose } from '../../../tensor/primitives/transpose.ts';
import { faultsOf } from '../../fault.ts';
import { continuousSsm } from './operator.ts';

export const continuousSsmFaults = faultsOf(continuousSsm, [
  {
    mode: 'whole',
    name: 'matrix-transposed',
    says: 'h A instead of A h',
    rejectedBy: ['definition', 'derivative', 'dyadic'],
    program: (inputs, settings, run) => {
      const a = inputs['param.a'];
      return run({ ...inputs, 'param.a': settings.form === 'matrix' ? transpose(a, [0, 2, 1]) : a }, settings);
    },
  },
  {
    mode: 'tokenwise',
    name: 'input-missing',
    says: 'h′ = A h, without B x',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) => run({ ...inputs, x: zerosLike(inputs.x) }, settings),
  },
]);
