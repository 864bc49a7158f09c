/** @file Faults of the RMS norm: another mean, misplaced ε, the weight along another axis, stopped gradients. */
import { rmsNorm as onEngine } from '../../../nn/norms.ts';
import { meanKeep, sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reciprocal } from '../../../tensor/primitives/reciprocal.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { rsqrt } from '../../../tensor/primitives/rsqrt.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { rmsNorm } from './operator.ts';

const meanSquare = (x: Value, axis = -1): Value => meanKeep(mul(x, x), axis);

/** Multiplies x by one factor per token, then by the weight. */
const scaled = (x: Value, factor: Value, weight: Value) => ({ output: mul(mul(x, factor), weight) });

export const rmsNormFaults = faultsOf(rmsNorm, [
  {
    mode: 'whole',
    name: 'mean-for-mean-square',
    says: 'divided by the root of the squared mean, not of the mean square',
    rejectedBy: ['definition', 'derivative'],
    program: ({ x, weight }, { epsilon }) => {
      const mean = meanKeep(x, -1);
      return scaled(x, rsqrt(add(mul(mean, mean), epsilon)), weight);
    },
  },
  {
    mode: 'whole',
    name: 'mean-subtracted',
    says: 'the mean is subtracted first, as LayerNorm does',
    rejectedBy: ['definition', 'derivative'],
    program: ({ x, weight }, { epsilon }) => ({ output: onEngine(sub(x, meanKeep(x, -1)), weight, epsilon) }),
  },
  {
    mode: 'tokenwise',
    name: 'sum-for-mean',
    says: 'divided by the root of the sum of squares',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: ({ x, weight }, { epsilon }) => {
      const sum = scale(meanSquare(x), x.shape.at(-1)!);
      return scaled(x, rsqrt(add(sum, epsilon)), weight);
    },
  },
  {
    mode: 'whole',
    name: 'mean-over-tokens',
    says: 'the mean square of a channel over all tokens, not of a token over its channels',
    rejectedBy: ['definition', 'derivative', 'causal'],
    program: ({ x, weight }, { epsilon }) => scaled(x, rsqrt(add(meanSquare(x, 1), epsilon)), weight),
  },
  {
    mode: 'whole',
    name: 'epsilon-outside-root',
    says: 'ε is added to the root, not to the mean square',
    rejectedBy: ['definition', 'derivative'],
    program: ({ x, weight }, { epsilon }) => {
      const root = reciprocal(rsqrt(meanSquare(x)));
      return scaled(x, reciprocal(add(root, epsilon)), weight);
    },
  },
  {
    mode: 'tokenwise',
    name: 'epsilon-missing',
    says: 'divided by the root of the mean square alone',
    rejectedBy: ['definition', 'modes'],
    program: ({ x, weight }) => ({ output: onEngine(x, weight, 0) }),
  },
  {
    mode: 'whole',
    name: 'weight-along-time',
    says: 'where there are as many tokens as channels, token t has the weight of channel t',
    rejectedBy: ['definition', 'derivative'],
    program: (inputs, settings, run) => {
      const { x, weight } = inputs;
      const [, t, w] = x.shape as readonly [number, number, number];
      if (t !== w) return run(inputs, settings);
      return { output: mul(onEngine(x, undefined, settings.epsilon), reshape(weight, [t, 1])) };
    },
  },
  {
    mode: 'whole',
    name: 'weight-around-one',
    says: 'multiplied by 1 + w, as if weights were stored as their distance from 1',
    rejectedBy: ['definition', 'derivative', 'linear'],
    program: ({ x, weight }, { epsilon }) => ({ output: onEngine(x, add(weight, 1), epsilon) }),
  },
  {
    mode: 'whole',
    name: 'divisor-detached',
    says: 'forward exact, but no gradient passes through the divisor',
    rejectedBy: ['derivative'],
    program: ({ x, weight }, { epsilon }) => scaled(x, stopGradient(rsqrt(add(meanSquare(x), epsilon))), weight),
  },
  {
    mode: 'tokenwise',
    name: 'gradient-of-weight-unnormed',
    says: 'forward exact, but the gradient of the weight is of x, not of x normed',
    rejectedBy: ['modes', 'derivative'],
    program: ({ x, weight }, { epsilon }) => {
      const right = onEngine(x, stopGradient(weight), epsilon);
      const unnormed = mul(stopGradient(x), weight);
      return { output: add(right, sub(unnormed, stopGradient(unnormed))) };
    },
  },
]);
