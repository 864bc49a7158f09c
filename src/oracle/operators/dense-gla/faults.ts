/** @file Faults of GLA with dense keys and values: wrong connections, wrong gates, lost states. */

import type { GlaConfig } from '../../../models/gla.ts';
import type { DenseStackConfig } from '../../../models/language-stack.ts';
import { faultsOf } from '../../fault.ts';
import type { ModelSettings } from '../shared/language-models.ts';
import { without, wrongStacks } from '../shared/stack-faults.ts';
import { denseGlaOperator } from './operator.ts';

type Settings = ModelSettings<DenseStackConfig<GlaConfig>>;

export const denseGlaFaults = faultsOf(denseGlaOperator, [
  ...wrongStacks<Settings>('.memory'),
  without<Settings>('.decay.bias', {
    mode: 'chunkwise',
    name: 'bias-missing',
    says: 'gates are made without their bias',
  }),
  {
    mode: 'chunkwise',
    name: 'gates-undivided',
    says: 'the logarithms of decays are not divided',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) => run(inputs, { ...settings, config: { ...settings.config, decayDivisor: 1 } }),
  },
]);
