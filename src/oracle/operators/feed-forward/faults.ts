/** @file Faults of the feed-forward network: another activation, approximations of GELU. */
import { linear } from '../../../nn/linear.ts';
import { add } from '../../../tensor/primitives/add.ts';
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
  {
    mode: 'whole',
    name: 'gelu-by-tanh',
    says: 'GELU by its approximation with tanh',
    rejectedBy: ['definition', 'derivative'],
    program: (inputs, settings) => {
      if (settings.activation === 'silu') return feedForward.modes.tokenwise!(inputs, settings);
      const x = linear(inputs.o, inputs['param.up']);
      const inner = add(x, scale(mul(x, mul(x, x)), 0.044715));
      // (1 + tanh z) / 2 is σ(2 z)
      return { y: linear(mul(x, sigmoid(scale(inner, 2 * Math.sqrt(2 / Math.PI)))), inputs['param.down']) };
    },
  },
]);
