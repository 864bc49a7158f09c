/** @file Faults of the selection: a sum instead of a product, the gate of another sequence. */
import { add } from '../../../tensor/primitives/add.ts';
import { broadcast } from '../../../tensor/primitives/broadcast.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { faultsOf } from '../../fault.ts';
import { select } from './operator.ts';

export const selectFaults = faultsOf(select, [
  {
    mode: 'whole',
    name: 'added-not-multiplied',
    says: 'h + g instead of h ⊙ g',
    rejectedBy: ['definition', 'linear', 'dyadic'],
    program: ({ projected, g }) => ({ selected: add(projected, g) }),
  },
  {
    mode: 'whole',
    name: 'gate-of-first-sequence',
    says: "every sequence is gated by the first one's gate",
    rejectedBy: ['definition', 'permutes'],
    program: ({ projected, g }) => ({ selected: mul(projected, broadcast(slice(g, 0, 0, 1), g.shape)) }),
  },
]);
