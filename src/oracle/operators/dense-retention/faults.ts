/** @file Faults of dense retention: features that are never or always fused, stopped gradients. */
import { add } from '../../../tensor/primitives/add.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOf } from '../../fault.ts';
import { mapValues, under } from '../../named.ts';
import { denseRetention } from './operator.ts';

export const denseRetentionFaults = faultsOf(denseRetention, [
  {
    mode: 'parallel',
    name: 'values-not-fused',
    says: 'only keys are fused',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: (inputs, settings, run) => {
      const others = Object.entries(inputs).filter(([name]) => !/^(values|param\.v)\./.test(name));
      return run(Object.fromEntries(others), settings);
    },
  },
  {
    mode: 'recurrent',
    name: 'layer-below-always-added',
    says: 'the nearest shallow keys are added un-gated, even with m = 0',
    rejectedBy: ['reduces', 'definition'],
    program: (inputs, settings, run) =>
      run({ ...inputs, k: [inputs.k, ...under(inputs, 'keys.').slice(-1)].reduce((a, b) => add(a, b)) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'shallow-layers-detached',
    says: 'no gradient reaches the keys of shallow layers',
    rejectedBy: ['modes', 'chunks', 'derivative'],
    program: (inputs, settings, run) =>
      run(
        mapValues(inputs, (x, name) => (name.startsWith('keys.') ? stopGradient(x) : x)),
        settings,
      ),
  },
  {
    mode: 'parallel',
    name: 'state-detached',
    says: 'no gradient through the hand-off of the state',
    rejectedBy: ['modes', 'resumable'],
    program: (inputs, settings, run) => run({ ...inputs, state: stopGradient(inputs.state) }, settings),
  },
]);
