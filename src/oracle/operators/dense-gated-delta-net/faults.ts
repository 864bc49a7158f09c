/** @file Faults of Gated DeltaNet with dense keys and values: wrong connections, wrong steps and gates, lost states. */

import type { GatedDeltaNetConfig } from '../../../models/gated-delta-net.ts';
import type { DenseStackConfig } from '../../../models/language-stack.ts';
import { faultsOf } from '../../fault.ts';
import type { ModelSettings } from '../shared/language-models.ts';
import { ending, exchanged, without, wrongStacks, wrongWindows } from '../shared/stack-faults.ts';
import { denseGatedDeltaNetOperator } from './operator.ts';

type Settings = ModelSettings<DenseStackConfig<GatedDeltaNetConfig>>;

export const denseGatedDeltaNetFaults = faultsOf(denseGatedDeltaNetOperator, [
  ...wrongStacks<Settings>('.memory'),
  ...wrongWindows<Settings>(),
  without<Settings>('.deltaBias', {
    mode: 'chunkwise',
    name: 'bias-missing',
    says: 'gates are made without their bias',
  }),
  {
    mode: 'chunkwise',
    name: 'other-steps',
    says: 'step sizes up to 2 where they are up to 1, and the other way round',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) => {
      const { config } = settings;
      return run(inputs, { ...settings, config: { ...config, negativeEigenvalues: !config.negativeEigenvalues } });
    },
  },
  {
    mode: 'chunkwise',
    name: 'filters-exchanged',
    says: 'convolves queries with the filters of keys, and keys with those of queries',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) =>
      run(
        ending(inputs, '.convolution', (x) => exchanged(x, 0, settings.config.keyWidth)),
        settings,
      ),
  },
]);
