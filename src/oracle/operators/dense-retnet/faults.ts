/** @file Faults of DenseRetNet: wrong wiring, wrong positions, confused readings. */
import type { DenseRetNetConfig } from '../../../models/dense-retnet-config.ts';
import { positionsFromRowStart } from '../../batch-faults.ts';
import { faultsOf } from '../../fault.ts';
import { wrongConnections } from '../shared/dense-models.ts';
import type { ModelSettings } from '../shared/language-models.ts';
import { denseRetNetOperator } from './operator.ts';

type Settings = ModelSettings<DenseRetNetConfig>;
export const denseRetNetFaults = [
  ...faultsOf(denseRetNetOperator, [
    ...wrongConnections<Settings>(),
    {
      mode: 'chunkwise',
      name: 'other-phase',
      says: 'hands over a state rotated by p where p − 1 is expected, and the other way round',
      rejectedBy: ['modes', 'decoding', 'chunks'],
      program: (inputs, settings, run) => {
        const { config } = settings;
        const rotationPhase = config.readings.rotationPhase === 'p' ? 'p-1' : 'p';
        return run(inputs, { ...settings, config: { ...config, readings: { ...config.readings, rotationPhase } } });
      },
    },
    {
      mode: 'recurrent',
      name: 'position-restarts',
      says: 'a continued sequence is rotated from 0 again',
      rejectedBy: ['resumable', 'decoding'],
      program: (inputs, settings, run) => run(inputs, { ...settings, position: 0 }),
    },
  ]),
  ...positionsFromRowStart(denseRetNetOperator),
];
