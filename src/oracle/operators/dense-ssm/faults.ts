/** @file Faults of denseSsm (Eq. 14): the wrong state carried, sources read too late, fused twice or not at all. */
import { zerosLike } from '../../../tensor/operand.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { mapValues } from '../../named.ts';
import type { Named } from '../../program.ts';
import { tokenBefore } from '../shared/token-before.ts';
import { denseSsm } from './operator.ts';

const sourcesOf = (inputs: Named, change: (x: Value) => Value): Named =>
  mapValues(inputs, (x, name) => (name.startsWith('selected.') ? change(x) : x));

const withoutSources = (inputs: Named): Named => sourcesOf(inputs, (x) => zerosLike(x));

export const denseSsmFaults = faultsOf(denseSsm, [
  {
    mode: 'scan',
    name: 'other-carry',
    says: 'carries the fused state where the raw one is declared, and the other way round',
    rejectedBy: ['definition', 'modes', 'resumable', 'dyadic'],
    program: (inputs, settings, run) => run(inputs, { ...settings, carry: settings.carry === 'raw' ? 'fused' : 'raw' }),
  },
  {
    mode: 'recurrent',
    name: 'read-before-fusion',
    says: 'the output ignores the collected sources',
    rejectedBy: ['definition', 'derivative'],
    program: (inputs, settings, run) => ({
      ...run(inputs, settings),
      output: run(withoutSources(inputs), settings).output!,
    }),
  },
  {
    mode: 'direct',
    name: 'sources-one-token-late',
    says: 'fuses the states of shallower layers at t − 1',
    rejectedBy: ['definition', 'modes', 'resumable'],
    program: (inputs, settings, run) => run(sourcesOf(inputs, tokenBefore), settings),
  },
  {
    mode: 'chunkwise',
    name: 'fused-twice',
    says: 'fuses once more where the carried state is fused already',
    rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
    program: (inputs, settings, run) => {
      const result = run(inputs, settings);
      if (settings.carry === 'raw') return result;
      // with zero inputs and a zero state, the output contains only the collected sources
      const still = { ...inputs, x: zerosLike(inputs.x), state: zerosLike(inputs.state) };
      return { ...result, output: add(result.output!, run(still, { ...settings, carry: 'raw' }).output!) };
    },
  },
  {
    mode: 'logStep',
    name: 'sources-detached',
    says: 'no gradient reaches the shallow layers',
    rejectedBy: ['modes', 'derivative'],
    program: (inputs, settings, run) => run(sourcesOf(inputs, stopGradient), settings),
  },
  {
    mode: 'chunkwise',
    name: 'carry-of-first-chunk',
    says: 'the fused state is forgotten at the end of the sequence',
    rejectedBy: ['definition', 'modes', 'decoding'],
    program: (inputs, settings, run) => ({
      ...run(inputs, settings),
      state: run(withoutSources(inputs), settings).state!,
    }),
  },
]);
