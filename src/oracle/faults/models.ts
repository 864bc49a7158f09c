/** @file Wrong models: wiring, positions, readings taken for one another. */
import type { DenseRetNetConfig } from '../../models/dense-retnet-config.ts';
import type { RetNetConfig } from '../../models/retnet.ts';
import { chunks } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import { mapValues } from '../named.ts';
import type { ModelSettings } from '../operators/language-models.ts';
import { denseRetNetOperator, retNetOperator } from '../operators/models.ts';
import type { Named } from '../program.ts';
import { misled } from './misled.ts';

type RetNetSettings = ModelSettings<RetNetConfig>;
type DenseSettings = ModelSettings<DenseRetNetConfig>;

const restarted = <C>(settings: ModelSettings<C>): { settings: ModelSettings<C> } => ({
  settings: { ...settings, position: 0 },
});

/** The same settings under another reading. */
const reading = (
  settings: DenseSettings,
  change: (readings: DenseRetNetConfig['readings']) => Partial<DenseRetNetConfig['readings']>,
): { settings: DenseSettings } => {
  const { config } = settings;
  return {
    settings: { ...settings, config: { ...config, readings: { ...config.readings, ...change(config.readings) } } },
  };
};

const withoutScores = (inputs: Named): Named =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !/Fusion\.(query|key)$/.test(name)));

/** The blocks [w, w] of a merge [w, (J + 1) w], last one first. */
function reversedBlocks(merge: Value): Value {
  return concat(chunks(merge, 1, merge.shape[0]!).reverse(), 1);
}

const models: readonly (Fault<RetNetSettings> | Fault<DenseSettings>)[] = [
  misled(
    retNetOperator,
    'recurrent',
    'position-restarts',
    'a continued sequence is rotated from 0 again',
    ['resumable', 'decoding'],
    (_inputs, settings) => restarted(settings),
  ),
  misled(
    retNetOperator,
    'parallel',
    'residual-unscaled',
    'α is taken for 1',
    ['definition', 'modes', 'derivative'],
    (_inputs, settings) => ({ settings: { ...settings, config: { ...settings.config, residualScale: 1 } } }),
  ),
  misled(
    denseRetNetOperator,
    'parallel',
    'other-pass',
    'hands on fused features for raw ones, and the other way round',
    ['definition', 'modes', 'derivative'],
    (_inputs, settings) => reading(settings, ({ pass }) => ({ pass: pass === 'raw' ? 'fused' : 'raw' })),
  ),
  misled(
    denseRetNetOperator,
    'parallel',
    'other-activation',
    'one SiLU too few on the gate, or one too many',
    ['definition', 'modes'],
    (_inputs, settings) =>
      reading(settings, ({ gateActivation }) => ({ gateActivation: gateActivation === 'silu' ? 'none' : 'silu' })),
  ),
  misled(
    denseRetNetOperator,
    'parallel',
    'fusion-added',
    'adds what it collected, where it should attend to it; joins it in the other order where it should concatenate',
    ['definition', 'modes'],
    (inputs, settings) => ({
      inputs: mapValues(withoutScores(inputs), (x, name) => (name.endsWith('Fusion.merge') ? reversedBlocks(x) : x)),
      ...reading(settings, ({ fusion }) => ({ fusion: fusion === 'attention' ? 'add' : fusion })),
    }),
  ),
  misled(
    denseRetNetOperator,
    'chunkwise',
    'other-phase',
    'hands over a state rotated by p where p − 1 is expected, and the other way round',
    ['modes', 'decoding', 'chunks'],
    (_inputs, settings) =>
      reading(settings, ({ rotationPhase }) => ({ rotationPhase: rotationPhase === 'p' ? 'p-1' : 'p' })),
  ),
  misled(
    denseRetNetOperator,
    'recurrent',
    'gates-never-close',
    'a bias keeps every gate open',
    ['definition', 'reduces'],
    (inputs) => ({ inputs: mapValues(inputs, (x, name) => (name.endsWith('.up') ? add(x, 2 ** -6) : x)) }),
  ),
  misled(
    denseRetNetOperator,
    'recurrent',
    'position-restarts',
    'a continued sequence is rotated from 0 again',
    ['resumable', 'decoding'],
    (_inputs, settings) => restarted(settings),
  ),
];

export const modelFaults: readonly Fault[] = models;
