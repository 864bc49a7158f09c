/** @file Wrong Transformers, after bugs that people's have. */
import type { TransformerConfig } from '../../models/transformer.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Fault } from '../fault.ts';
import { mapValues } from '../named.ts';
import type { ModelSettings } from '../operators/language-models.ts';
import { transformerOperator } from '../operators/transformer.ts';
import type { Named } from '../program.ts';
import { misled } from './misled.ts';

type TransformerSettings = ModelSettings<TransformerConfig>;

const changed = (settings: TransformerSettings, change: Partial<TransformerConfig>) => ({
  settings: { ...settings, config: { ...settings.config, ...change } },
});

const detached = (inputs: Named, isConcerned: (name: string) => boolean) => ({
  inputs: mapValues(inputs, (x, name) => (isConcerned(name) ? stopGradient(x) : x)),
});

const transformers: readonly Fault<TransformerSettings>[] = [
  misled(
    transformerOperator,
    'recurrent',
    'position-restarts',
    'a continued sequence is turned from 0 again',
    ['definition', 'resumable', 'decoding'],
    (_inputs, settings) => ({ settings: { ...settings, position: 0 } }),
  ),
  misled(
    transformerOperator,
    'parallel',
    'position-off-by-one',
    'a continued sequence is turned one position too far',
    ['definition', 'modes', 'resumable'],
    (_inputs, settings) => ({ settings: { ...settings, position: settings.position + Math.sign(settings.position) } }),
  ),
  misled(
    transformerOperator,
    'parallel',
    'other-pairs',
    'halves are turned together for neighbours, and the other way round',
    ['definition', 'modes'],
    (_inputs, settings) =>
      changed(settings, { rotaryPairs: settings.config.rotaryPairs === 'halves' ? 'neighbours' : 'halves' }),
  ),
  misled(
    transformerOperator,
    'chunkwise',
    'scale-forgotten',
    'scores are not divided by √d where they should be',
    ['definition', 'modes', 'chunks', 'derivative'],
    (_inputs, settings) => changed(settings, { scoreScaling: 'none' }),
  ),
  misled(
    transformerOperator,
    'parallel',
    'tied-head-detached',
    'no gradient reaches a tied embedding through the read-out',
    ['modes', 'derivative'],
    (inputs, settings) =>
      settings.config.tiedHead
        ? {
            inputs: { ...inputs, 'param.head': stopGradient(inputs['param.embedding']!) },
            ...changed(settings, { tiedHead: false }),
          }
        : {},
  ),
  misled(
    transformerOperator,
    'parallel',
    'cache-detached',
    'no gradient reaches the cached keys',
    ['modes', 'resumable'],
    (inputs) => detached(inputs, (name) => name.endsWith('.keys')),
  ),
  misled(
    transformerOperator,
    'recurrent',
    'caches-exchanged',
    'a layer goes on from the cache of another',
    ['definition', 'resumable', 'decoding'],
    (inputs, { config }) => ({
      inputs: mapValues(inputs, (x, name) => {
        const [, l, place] = /^state\.(\d+)\.(\w+)$/.exec(name) ?? [];
        return l === undefined ? x : inputs[`state.${config.layers - 1 - Number(l)}.${place}`]!;
      }),
    }),
  ),
];

export const attentionFaults: readonly Fault[] = transformers;
