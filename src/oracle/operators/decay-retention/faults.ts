/** @file Faults of retention divided by √λ: positions and the root. */

import { decaySums } from '../../../nn/retention/decay-tables.ts';
import { normalisedRetention } from '../../../nn/retention/normalised.ts';
import { constantLike } from '../../../tensor/operand.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { positionsFromRowStart } from '../../batch-faults.ts';
import { faultsOf } from '../../fault.ts';
import { retaining } from '../shared/retention.ts';
import { decayRetention } from './operator.ts';

export const decayRetentionFaults = [
  ...faultsOf(decayRetention, [
    {
      mode: 'recurrent',
      name: 'position-restarts',
      says: 'λ is counted from the first token of the call',
      rejectedBy: ['definition', 'resumable', 'decoding'],
      program: retaining(({ state, ...rest }) =>
        normalisedRetention('decay', { name: 'recurrent' }, rest, state, { position: 0, path: '' }),
      ),
    },
    {
      mode: 'parallel',
      name: 'root-missing',
      says: 'divided by λ instead of √λ',
      rejectedBy: ['definition', 'modes', 'derivative'],
      program: retaining(({ state, position, ...rest }) => {
        const once = normalisedRetention('decay', { name: 'parallel' }, rest, state, { position, path: '' });
        const rows = decaySums(rest.decay, position, rest.q.shape[2]!).map((total) => 1 / Math.sqrt(total));
        const again = constantLike(rest.q, rows, [rest.decay.length, rest.q.shape[2]!, 1]);
        return { ...once, output: mul(once.output, again) };
      }),
    },
  ]),
  ...positionsFromRowStart(decayRetention),
];
