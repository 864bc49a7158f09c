/** @file Faults of the gate: another or no activation, no gradient. */
import { silu } from '../../../nn/activations.ts';
import { linear } from '../../../nn/linear.ts';
import { gateOutput, gate as onEngine } from '../../../nn/selective-transition.ts';
import { sigmoid } from '../../../tensor/primitives/sigmoid.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOf } from '../../fault.ts';
import { gate } from './operator.ts';

export const gateFaults = faultsOf(gate, [
  {
    mode: 'whole',
    name: 'one-silu-missing',
    says: 'no activation after the hidden layer',
    rejectedBy: ['definition', 'derivative'],
    program: ({ x, 'param.down': down, 'param.up': up }, { activation }) => ({
      g: gateOutput(linear(linear(x, down), up), activation),
    }),
  },
  {
    mode: 'whole',
    name: 'sigmoid-for-silu',
    says: 'a sigmoid gate',
    rejectedBy: ['definition', 'derivative'],
    program: ({ x, 'param.down': down, 'param.up': up }) => ({ g: sigmoid(linear(silu(linear(x, down)), up)) }),
  },
  {
    mode: 'whole',
    name: 'gate-detached',
    says: 'no gradient passes the gate',
    rejectedBy: ['derivative'],
    program: ({ x, 'param.down': down, 'param.up': up }, { activation }) => ({
      g: stopGradient(onEngine(x, { down, up }, activation)),
    }),
  },
]);
