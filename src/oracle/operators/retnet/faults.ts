/** @file Faults of RetNet: wrong positions, a missing scale. */
import { positionsFromRowStart } from '../../batch-faults.ts';
import { faultsOf } from '../../fault.ts';
import { retNetOperator } from './operator.ts';

export const retNetFaults = [
  ...faultsOf(retNetOperator, [
    {
      mode: 'recurrent',
      name: 'position-restarts',
      says: 'a continued sequence is rotated from 0 again',
      rejectedBy: ['resumable', 'decoding'],
      program: (inputs, settings, run) => run(inputs, { ...settings, position: 0 }),
    },
    {
      mode: 'parallel',
      name: 'residual-unscaled',
      says: 'α is taken for 1',
      rejectedBy: ['definition', 'modes', 'derivative'],
      program: (inputs, settings, run) =>
        run(inputs, { ...settings, config: { ...settings.config, residualScale: 1 } }),
    },
  ]),
  ...positionsFromRowStart(retNetOperator),
];
