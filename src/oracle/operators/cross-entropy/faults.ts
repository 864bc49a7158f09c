/** @file Faults of the loss: overflow, the target, smoothing, gradients. */
import { logSumExp, tokenLosses } from '../../../nn/cross-entropy.ts';
import { meanKeep, sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { exp } from '../../../tensor/primitives/exp.ts';
import { log } from '../../../tensor/primitives/log.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { sum } from '../../../tensor/primitives/sum.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { crossEntropy } from './operator.ts';

const meanOf = (x: Value): Value => reshape(meanKeep(x, -1), x.shape.slice(0, -1));

export const crossEntropyFaults = faultsOf(crossEntropy, [
  {
    mode: 'whole',
    name: 'largest-not-subtracted',
    says: 'log Σ e^x without the largest x taken out: infinite for large logits',
    rejectedBy: ['definition'],
    program: ({ logits, tokens }, { smoothing }) => {
      const naive = log(sum(exp(logits), [-1]));
      return { output: add(tokenLosses(logits, tokens, smoothing), sub(naive, logSumExp(logits))) };
    },
  },
  {
    mode: 'tokenwise',
    name: 'smoothing-ignored',
    says: 'the loss of the target alone',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: ({ logits, tokens }) => ({ output: tokenLosses(logits, tokens) }),
  },
  {
    mode: 'whole',
    name: 'smoothed-towards-others',
    says: 'the smoothed part is shared among all tokens, and then taken from the target once more',
    rejectedBy: ['definition', 'derivative'],
    program: ({ logits, tokens }, { smoothing }) => {
      const smoothed = scale(sub(logSumExp(logits), meanOf(logits)), smoothing);
      return { output: add(tokenLosses(logits, tokens), smoothed) };
    },
  },
  {
    mode: 'whole',
    name: 'to-base-two',
    says: 'the loss in bits',
    rejectedBy: ['definition', 'derivative'],
    program: ({ logits, tokens }, { smoothing }) => ({
      output: scale(tokenLosses(logits, tokens, smoothing), Math.LOG2E),
    }),
  },
  {
    mode: 'whole',
    name: 'gradient-lacks-softmax',
    says: 'forward exact, but the gradient is that of the target alone: no softmax',
    rejectedBy: ['derivative'],
    program: ({ logits, tokens }, { smoothing }) => {
      const total = logSumExp(logits);
      return { output: add(sub(tokenLosses(logits, tokens, smoothing), total), stopGradient(total)) };
    },
  },
  {
    mode: 'whole',
    name: 'gradient-averaged',
    says: 'forward exact, but the gradient is divided by the number of tokens, as if the mean were asked for',
    rejectedBy: ['derivative'],
    program: ({ logits, tokens }, { smoothing }) => {
      const losses = tokenLosses(logits, tokens, smoothing);
      const share = scale(
        losses,
        1 /
          Math.max(
            1,
            losses.shape.reduce((n, length) => n * length, 1),
          ),
      );
      return { output: add(stopGradient(sub(losses, share)), share) };
    },
  },
]);
