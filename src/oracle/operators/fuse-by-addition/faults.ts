/** @file Faults of fusion by addition: a mean, a source one token ahead. */
import { fuseByAddition as onEngine } from '../../../nn/dense-fusion.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { faultsOf } from '../../fault.ts';
import { under } from '../../named.ts';
import { fuseByAddition } from './operator.ts';

export const fuseByAdditionFaults = faultsOf(fuseByAddition, [
  {
    mode: 'whole',
    name: 'averaged',
    says: 'the mean instead of the sum',
    rejectedBy: ['definition', 'dyadic'],
    program: ({ h, ...sources }) => {
      const selected = under(sources, 'selected.');
      return { fused: scale(onEngine(h, selected), 1 / (1 + selected.length)) };
    },
  },
  {
    mode: 'whole',
    name: 'next-token-fused',
    says: 'reads the first source one token ahead',
    rejectedBy: ['definition', 'causal'],
    program: ({ h, ...sources }) => {
      const [first, ...rest] = under(sources, 'selected.');
      if (first === undefined) return { fused: h };
      const ahead = pad(slice(first, 1, 1, first.shape[1]!), 1, 0, 1);
      return { fused: onEngine(h, [ahead, ...rest]) };
    },
  },
]);
