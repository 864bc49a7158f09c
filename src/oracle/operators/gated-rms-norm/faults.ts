/** @file Faults of the gated norm: the place of the gate, groups, the activation, gradients. */
import { gatedRmsNorm as onEngine, rmsNorm } from '../../../nn/norms.ts';
import { sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { equal } from '../../../tensor/primitives/equal.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { sigmoid } from '../../../tensor/primitives/sigmoid.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOf } from '../../fault.ts';
import { gatedRmsNorm } from './operator.ts';

export const gatedRmsNormFaults = faultsOf(gatedRmsNorm, [
  {
    mode: 'whole',
    name: 'gate-on-other-side',
    says: 'the gate comes before the norm where it should come after it, and the other way round',
    rejectedBy: ['definition', 'derivative'],
    program: ({ x, z, weight }, settings) => ({
      output: onEngine(x, z, weight, { ...settings, normBeforeGate: !settings.normBeforeGate }),
    }),
  },
  {
    mode: 'whole',
    name: 'groups-ignored',
    says: 'the mean is over all channels, not over those of a group',
    rejectedBy: ['definition', 'derivative'],
    program: ({ x, z, weight }, settings) => ({ output: onEngine(x, z, weight, { ...settings, groups: 1 }) }),
  },
  {
    mode: 'tokenwise',
    name: 'gate-by-sigmoid',
    says: 'the gate is σ(z), not z σ(z)',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: ({ x, z, weight }, { epsilon, groups, normBeforeGate }) => {
      const inner = normBeforeGate ? x : mul(x, sigmoid(z));
      const split = reshape(inner, [...x.shape.slice(0, -1), groups, x.shape.at(-1)! / groups]);
      const normed = mul(reshape(rmsNorm(split, undefined, epsilon), x.shape), weight);
      return { output: normBeforeGate ? mul(normed, sigmoid(z)) : normed };
    },
  },
  {
    mode: 'whole',
    name: 'weight-before-norm',
    says: 'the weight multiplies before the norm',
    rejectedBy: ['definition', 'derivative'],
    program: ({ x, z, weight }, settings) => ({
      output: onEngine(mul(x, weight), z, stopGradient(equal(weight, weight)), settings),
    }),
  },
  {
    mode: 'whole',
    name: 'gradient-of-gate-missing',
    says: 'forward exact, but the gate has no gradient',
    rejectedBy: ['derivative'],
    program: ({ x, z, weight }, settings) => ({ output: onEngine(x, stopGradient(z), weight, settings) }),
  },
  {
    mode: 'tokenwise',
    name: 'slope-of-silu-by-sigmoid',
    says: 'forward exact, but the slope of the gate is σ(z)',
    rejectedBy: ['modes', 'derivative'],
    program: ({ x, z, weight }, settings) => {
      const right = onEngine(x, stopGradient(z), weight, settings);
      const slope = mul(stopGradient(sigmoid(z)), sub(z, stopGradient(z)));
      return { output: add(right, mul(slope, stopGradient(onEngine(x, z, weight, settings)))) };
    },
  },
]);
