/** @file Faults of Mamba-2 with dense keys and values: wrong connections, exchanged or missing parts, lost states. */
import type { DenseStackConfig } from '../../../models/language-stack.ts';
import type { Mamba2Config } from '../../../models/mamba2.ts';
import { faultsOf } from '../../fault.ts';
import type { ModelSettings } from '../shared/language-models.ts';
import { ending, exchanged, without, wrongStacks, wrongWindows } from '../shared/stack-faults.ts';
import { denseMamba2Operator } from './operator.ts';

type Settings = ModelSettings<DenseStackConfig<Mamba2Config>>;

export const denseMamba2Faults = faultsOf(denseMamba2Operator, [
  ...wrongStacks<Settings>('.ssm'),
  ...wrongWindows<Settings>(),
  without<Settings>('.skip', { mode: 'chunkwise', name: 'skip-missing', says: 'D is left out' }),
  without<Settings>('.deltaBias', {
    mode: 'chunkwise',
    name: 'bias-missing',
    says: 'the step sizes are made without their bias',
  }),
  {
    mode: 'chunkwise',
    name: 'x-and-z-exchanged',
    says: 'reads x before z from the first projection',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) =>
      run(
        ending(inputs, '.input', (x) => exchanged(x, 0, settings.config.innerWidth)),
        settings,
      ),
  },
  {
    mode: 'chunkwise',
    name: 'b-and-c-exchanged',
    says: 'reads C before B from the first projection',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) => {
      const { innerWidth, groups, stateSize } = settings.config;
      return run(
        ending(inputs, '.input', (x) => exchanged(x, 2 * innerWidth, groups * stateSize)),
        settings,
      );
    },
  },
]);
