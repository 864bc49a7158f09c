/** @file Faults of DenseRetNet: wrong wiring, wrong positions, confused readings. */
import type { DenseRetNetConfig } from '../../../models/dense-retnet-config.ts';
import { chunks } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import type { Value } from '../../../tensor/value.ts';
import { positionsFromRowStart } from '../../batch-faults.ts';
import { faultsOf } from '../../fault.ts';
import { mapValues } from '../../named.ts';
import type { Named } from '../../program.ts';
import type { ModelSettings } from '../shared/language-models.ts';
import { denseRetNetOperator } from './operator.ts';

type Settings = ModelSettings<DenseRetNetConfig>;
type Readings = DenseRetNetConfig['readings'];

/** Changes the readings in the settings. */
const reading = (settings: Settings, change: (readings: Readings) => Partial<Readings>): Settings => {
  const { config } = settings;
  return { ...settings, config: { ...config, readings: { ...config.readings, ...change(config.readings) } } };
};

const withoutScores = (inputs: Named): Named =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !/Fusion\.(query|key)$/.test(name)));

/** Reverses the order of the blocks [w, w] of a merge [w, (J + 1) w]. */
const reversedBlocks = (merge: Value): Value => concat(chunks(merge, 1, merge.shape[0]!).reverse(), 1);

export const denseRetNetFaults = [
  ...faultsOf(denseRetNetOperator, [
    {
      mode: 'parallel',
      name: 'other-pass',
      says: 'passes on fused features where raw ones are declared, and the other way round',
      rejectedBy: ['definition', 'modes', 'derivative'],
      program: (inputs, settings, run) =>
        run(
          inputs,
          reading(settings, ({ pass }) => ({ pass: pass === 'raw' ? 'fused' : 'raw' })),
        ),
    },
    {
      mode: 'parallel',
      name: 'other-activation',
      says: 'one SiLU too few on the gate, or one too many',
      rejectedBy: ['definition', 'modes'],
      program: (inputs, settings, run) =>
        run(
          inputs,
          reading(settings, ({ gateActivation }) => ({ gateActivation: gateActivation === 'silu' ? 'none' : 'silu' })),
        ),
    },
    {
      mode: 'parallel',
      name: 'fusion-added',
      says: 'adds sources where it should attend to them, and concatenates them in reverse order',
      rejectedBy: ['definition', 'modes'],
      program: (inputs, settings, run) =>
        run(
          mapValues(withoutScores(inputs), (x, name) => (name.endsWith('Fusion.merge') ? reversedBlocks(x) : x)),
          reading(settings, ({ fusion }) => ({ fusion: fusion === 'attention' ? 'add' : fusion })),
        ),
    },
    {
      mode: 'chunkwise',
      name: 'other-phase',
      says: 'hands over a state rotated by p where p − 1 is expected, and the other way round',
      rejectedBy: ['modes', 'decoding', 'chunks'],
      program: (inputs, settings, run) =>
        run(
          inputs,
          reading(settings, ({ rotationPhase }) => ({ rotationPhase: rotationPhase === 'p' ? 'p-1' : 'p' })),
        ),
    },
    {
      mode: 'recurrent',
      name: 'gates-never-close',
      says: 'a bias keeps every gate open',
      rejectedBy: ['definition', 'reduces'],
      program: (inputs, settings, run) =>
        run(
          mapValues(inputs, (x, name) => (name.endsWith('.up') ? add(x, 2 ** -6) : x)),
          settings,
        ),
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
