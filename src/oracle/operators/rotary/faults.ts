/** @file Faults of rotary positions: angles, pairs, positions, gradients. */
import { retnetFrequencies, rotaryFrequencies, rotate } from '../../../nn/rotary.ts';
import { sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { onPairs, rotary } from './operator.ts';

export const rotaryFaults = faultsOf(rotary, [
  {
    mode: 'whole',
    name: 'pairs-otherwise',
    says: 'turns halves where pairs are neighbours, and neighbours where they are halves',
    rejectedBy: ['definition'],
    program: ({ x }, { base, position, pairs }) => ({
      output: onPairs(x, (part, count) =>
        rotate(part, rotaryFrequencies(count, base), position, pairs === 'halves' ? 'neighbours' : 'halves'),
      ),
    }),
  },
  {
    mode: 'whole',
    name: 'turned-backwards',
    says: 'turns by −θ: the signs of the sines are exchanged',
    rejectedBy: ['definition'],
    program: ({ x }, { base, position, pairs }) => ({
      output: onPairs(x, (part, count) =>
        rotate(
          part,
          rotaryFrequencies(count, base).map((f) => -f),
          position,
          pairs,
        ),
      ),
    }),
  },
  {
    mode: 'whole',
    name: 'position-ignored',
    says: 'counts positions from 0 where a sequence goes on',
    rejectedBy: ['definition', 'resumable'],
    program: ({ x }, { base, pairs }) => ({
      output: onPairs(x, (part, count) => rotate(part, rotaryFrequencies(count, base), 0, pairs)),
    }),
  },
  {
    mode: 'whole',
    name: 'one-position-late',
    says: 'the first token has position 1',
    rejectedBy: ['definition'],
    program: ({ x }, { base, position, pairs }) => ({
      output: onPairs(x, (part, count) => rotate(part, rotaryFrequencies(count, base), position + 1, pairs)),
    }),
  },
  {
    mode: 'whole',
    name: 'frequencies-to-the-base',
    says: 'the last frequency is 1/base: divided by the number of pairs less 1, as RetNet does',
    rejectedBy: ['definition'],
    program: ({ x }, { position, pairs }) => ({
      output: onPairs(x, (part, count) => rotate(part, retnetFrequencies(count), position, pairs)),
    }),
  },
  {
    mode: 'whole',
    name: 'base-ignored',
    says: 'base 10000 whatever is asked for',
    rejectedBy: ['definition'],
    program: ({ x }, { position, pairs }) => ({
      output: onPairs(x, (part, count) => rotate(part, rotaryFrequencies(count), position, pairs)),
    }),
  },
  {
    mode: 'whole',
    name: 'gradient-turned-forwards',
    says: 'forward exact, but the gradient is turned by θ, not back by −θ',
    rejectedBy: ['derivative'],
    program: ({ x }, { base, position, pairs }) => {
      const turned = (sign: number): Value =>
        onPairs(x, (part, count) =>
          rotate(
            part,
            rotaryFrequencies(count, base).map((f) => sign * f),
            position,
            pairs,
          ),
        );
      const back = turned(-1);
      return { output: add(stopGradient(turned(1)), sub(back, stopGradient(back))) };
    },
  },
  {
    mode: 'tokenwise',
    name: 'decoding-at-first-position',
    says: 'each token, turned alone, has the position of the first',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: ({ x }, { base, position, pairs }) => {
      const t = x.shape[2]!;
      const alone = (token: Value): Value =>
        onPairs(token, (part, count) => rotate(part, rotaryFrequencies(count, base), position, pairs));
      return {
        output:
          t === 0
            ? alone(x)
            : concat(
                Array.from({ length: t }, (_, i) => alone(slice(x, 2, i, i + 1))),
                2,
              ),
      };
    },
  },
]);
