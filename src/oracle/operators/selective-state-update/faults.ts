/** @file Faults of the update of one token, modelled on real bugs: the cache, options, shared numbers, gradients. */
import { silu } from '../../../nn/activations.ts';
import { mamba2Steps, type StepInputs } from '../../../nn/mamba2/steps.ts';
import {
  perChannel,
  type TokenInputs,
  tokenOutput,
  selectiveStateUpdate as update,
} from '../../../nn/mamba2/update.ts';
import { at } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { broadcast } from '../../../tensor/primitives/broadcast.ts';
import { exp } from '../../../tensor/primitives/exp.ts';
import { maximum } from '../../../tensor/primitives/maximum.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { select } from '../../../tensor/primitives/select.ts';
import { sign } from '../../../tensor/primitives/sign.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { selectiveStateUpdate, updating } from './operator.ts';

/** Softplus with the threshold of PyTorch, where it becomes the identity. */
function stepsWithThreshold(inputs: StepInputs): Value {
  if (!inputs.deltaSoftplus) return mamba2Steps(inputs);
  const biased = mamba2Steps({ ...inputs, deltaSoftplus: false });
  return select(maximum(sign(add(biased, -20)), 0), biased, mamba2Steps(inputs));
}

/** The inputs with step sizes that are computed already. */
const withSteps = (inputs: TokenInputs, delta: Value): TokenInputs => ({
  ...inputs,
  delta,
  deltaBias: undefined,
  deltaSoftplus: false,
});

export const selectiveStateUpdateFaults = faultsOf(selectiveStateUpdate, [
  {
    mode: 'recurrent',
    name: 'cache-not-written',
    says: 'returns the state that it was given',
    rejectedBy: ['definition'],
    program: updating((inputs, state) => ({ output: update(inputs, state).output, state })),
  },
  {
    mode: 'recurrent',
    name: 'state-read-before-it-is-written',
    says: 'the output reads the state before the token',
    rejectedBy: ['definition', 'elements', 'derivative'],
    program: updating((inputs, state) => ({ output: tokenOutput(inputs, state), state: update(inputs, state).state })),
  },
  {
    mode: 'recurrent',
    name: 'bias-missing',
    says: 'forgets the bias of δ',
    rejectedBy: ['definition', 'derivative'],
    program: updating((inputs, state) => update({ ...inputs, deltaBias: undefined }, state)),
  },
  {
    mode: 'recurrent',
    name: 'softplus-missing',
    says: 'takes δ as it is',
    rejectedBy: ['definition', 'derivative'],
    program: updating((inputs, state) => update({ ...inputs, deltaSoftplus: false }, state)),
  },
  {
    mode: 'recurrent',
    name: 'softplus-threshold',
    says: 'softplus is the identity above 20',
    rejectedBy: ['definition'],
    program: updating((inputs, state) => update(withSteps(inputs, stepsWithThreshold(inputs)), state)),
  },
  {
    mode: 'recurrent',
    name: 'skip-after-gate',
    says: 'adds D x after the gate: y silu(z) + D x',
    rejectedBy: ['definition', 'elements', 'derivative'],
    program: updating(({ skip, z, ...inputs }, state) => {
      const { output, state: next } = update(inputs, state);
      const gated = z === undefined ? output : mul(output, silu(z));
      return { output: skip === undefined ? gated : add(gated, mul(perChannel(skip, 1), inputs.x)), state: next };
    }),
  },
  {
    mode: 'recurrent',
    name: 'channels-taken-as-tied',
    says: 'takes the step of the first channel for the whole head, as where all channels share it',
    rejectedBy: ['definition', 'derivative'],
    program: updating((inputs, state) => {
      const steps = mamba2Steps(inputs);
      if (steps.shape.length === 2) return update(inputs, state);
      return update(
        withSteps(inputs, broadcast(reshape(at(steps, 2, 0), [...steps.shape.slice(0, 2), 1]), steps.shape)),
        state,
      );
    }),
  },
  {
    mode: 'recurrent',
    name: 'a-taken-as-logarithm',
    says: 'takes A as the logarithm of −A',
    rejectedBy: ['definition', 'derivative'],
    program: updating((inputs, state) => update({ ...inputs, a: scale(exp(inputs.a), -1) }, state)),
  },
  {
    mode: 'recurrent',
    name: 'cache-of-the-first-sequence',
    says: 'every sequence of the batch reads the state of the first',
    rejectedBy: ['definition', 'derivative', 'permutes'],
    program: updating((inputs, state) => {
      const first = reshape(at(state, 0, 0), [1, ...state.shape.slice(1)]);
      return update(inputs, broadcast(first, state.shape));
    }),
  },
  {
    mode: 'recurrent',
    name: 'gate-detached',
    says: 'no gradient reaches z',
    rejectedBy: ['derivative'],
    program: updating((inputs, state) => update({ ...inputs, z: inputs.z && stopGradient(inputs.z) }, state)),
  },
]);
