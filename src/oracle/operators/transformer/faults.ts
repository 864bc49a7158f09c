/** @file Faults of the Transformer: wrong positions, confused readings, wrong caches. */
import type { TransformerConfig } from '../../../models/transformer.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { positionsFromRowStart } from '../../batch-faults.ts';
import { faultsOf } from '../../fault.ts';
import { mapValues } from '../../named.ts';
import type { Named } from '../../program.ts';
import type { ModelSettings } from '../shared/language-models.ts';
import { transformerOperator } from './operator.ts';

type Settings = ModelSettings<TransformerConfig>;

const changed = (settings: Settings, change: Partial<TransformerConfig>): Settings => ({
  ...settings,
  config: { ...settings.config, ...change },
});

export const transformerFaults = [
  ...faultsOf(transformerOperator, [
    {
      mode: 'recurrent',
      name: 'position-restarts',
      says: 'a continued sequence is turned from 0 again',
      rejectedBy: ['definition', 'resumable', 'decoding'],
      program: (inputs, settings, run) => run(inputs, { ...settings, position: 0 }),
    },
    {
      mode: 'parallel',
      name: 'position-off-by-one',
      says: 'a continued sequence is turned one position too far',
      rejectedBy: ['definition', 'modes', 'resumable'],
      program: (inputs, { position, ...rest }, run) =>
        run(inputs, { ...rest, position: position + Math.sign(position) }),
    },
    {
      mode: 'parallel',
      name: 'other-pairs',
      says: 'rotates halves where neighbours are declared, and the other way round',
      rejectedBy: ['definition', 'modes'],
      program: (inputs, settings, run) => {
        const rotaryPairs = settings.config.rotaryPairs === 'halves' ? 'neighbours' : 'halves';
        return run(inputs, changed(settings, { rotaryPairs }));
      },
    },
    {
      mode: 'chunkwise',
      name: 'scale-forgotten',
      says: 'scores are not divided by √d where they should be',
      rejectedBy: ['definition', 'modes', 'chunks', 'derivative'],
      program: (inputs, settings, run) => run(inputs, changed(settings, { scoreScaling: 'none' })),
    },
    {
      mode: 'parallel',
      name: 'tied-head-detached',
      says: 'no gradient reaches a tied embedding through the read-out',
      rejectedBy: ['modes', 'derivative'],
      program: (inputs, settings, run) => {
        if (!settings.config.tiedHead) return run(inputs, settings);
        const head = stopGradient(inputs['param.embedding']);
        return run({ ...inputs, 'param.head': head }, changed(settings, { tiedHead: false }));
      },
    },
    {
      mode: 'parallel',
      name: 'cache-detached',
      says: 'no gradient reaches the cached keys',
      rejectedBy: ['modes', 'resumable'],
      program: (inputs, settings, run) =>
        run(
          mapValues(inputs, (x, name) => (name.endsWith('.keys') ? stopGradient(x) : x)),
          settings,
        ),
    },
    {
      mode: 'recurrent',
      name: 'caches-exchanged',
      says: 'a layer goes on from the cache of another',
      rejectedBy: ['definition', 'resumable', 'decoding'],
      program: (inputs, settings, run) => {
        const { layers } = settings.config;
        const given: Named = inputs;
        const otherLayer = (l: string): string => `${layers - 1 - Number(l)}`;
        const other = mapValues(
          inputs,
          (x, name) => given[name.replace(/(?<=^state\.)\d+(?=\.\w+$)/, otherLayer)] ?? x,
        );
        return run(other, settings);
      },
    },
  ]),
  ...positionsFromRowStart(transformerOperator),
];
