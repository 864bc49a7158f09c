/** @file Faults of DenseMamba: wrong dense connections of states. */
import { denseMamba, denseMambaForward, denseMambaWiring } from '../../../models/dense-mamba.ts';
import type { DenseMambaConfig } from '../../../models/dense-mamba-config.ts';
import { faultsOf } from '../../fault.ts';
import type { Program } from '../../program.ts';
import { wrongDenseStates, wrongSources } from '../shared/dense-state-faults.ts';
import { type ModelSettings, modelProgram } from '../shared/language-models.ts';
import { denseMambaOperator } from './operator.ts';

type Settings = ModelSettings<DenseMambaConfig>;

/** Makes DenseMamba in parallel mode with changed wiring. */
const wired = (wiring: Partial<typeof denseMambaWiring>): Program<Settings> =>
  modelProgram({ ...denseMamba, forward: denseMambaForward({ ...denseMambaWiring, ...wiring }) }, 'parallel');

export const denseMambaFaults = faultsOf(denseMambaOperator, [
  ...wrongDenseStates<Settings>('parallel'),
  ...wrongSources.map(({ change, ...description }) => ({
    ...description,
    mode: 'parallel',
    program: wired({ sources: (passed, config) => change(denseMambaWiring.sources(passed, config)) }),
  })),
  {
    mode: 'parallel',
    name: 'gate-reads-stream',
    says: 'gates read the residual stream before its norm',
    rejectedBy: ['definition', 'modes'],
    program: wired({ gateInput: ({ stream, u }, { readings }) => (readings.gateInput === 'normed' ? stream : u) }),
  },
]);
