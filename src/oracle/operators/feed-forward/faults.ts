/** @file Faults of the feed-forward network: another activation, an approximation of GELU. */
import { linear } from '../../../nn/linear.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { sigmoid } from '../../../tensor/primitives/sigmoid.ts';
import { faultsOf } from '../../fault.ts';
import { feedForward } from './operator.ts';

export const feedForwardFaults = faultsOf(feedForward, [
  {
    mode: 'whole',
    name: 'other-activation',
    says: 'SiLU for GELU, and the other way round',
    rejectedBy: ['definition', 'derivative'],
    program: (inputs, { activation }, run) => run(inputs, { activation: activation === 'silu' ? 'gelu' : 'silu' }),
  },
  {
    mode: 'tokenwise',
    name: 'gelu-approximated',
    says: 'GELU as x σ(1.702 x)',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings) => {
      if (settings.activation === 'silu') return feedForward.modes.whole!(inputs, settings);
      const hidden = linear(inputs.o, inputs['param.up']);
      return { y: linear(mul(hidden, sigmoid(scale(hidden, 1.702))), inputs['param.down']) };
    },
  },
]);
