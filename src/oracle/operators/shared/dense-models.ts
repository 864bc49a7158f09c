/** @file Draws readings and makes special cases and faults for models with dense keys and values. */
import * as fc from 'fast-check';
import type { FeatureReadings } from '../../../models/feature-fusion.ts';
import { chunks } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Case, Settings, Tensors } from '../../case.ts';
import type { Wrong } from '../../fault.ts';
import { mapValues } from '../../named.ts';
import type { Named, Program } from '../../program.ts';

/** Draws a combination of readings of keys and values. */
export const featureReadings: { readonly [R in keyof FeatureReadings]: fc.Arbitrary<FeatureReadings[R]> } = {
  pass: fc.constantFrom('raw', 'fused'),
  projection: fc.constantFrom('identity', 'linear'),
  gate: fc.constantFrom('shared', 'perLayer'),
  gateActivation: fc.constantFrom('silu', 'none'),
  fusion: fc.constantFrom('add', 'concat', 'attention'),
  fusedNorm: fc.constantFrom('rms', 'none'),
  firstLayer: fc.constantFrom('plain', 'normed'),
};

/** The settings of a model with dense keys and values. */
export type DenseSettings = Settings & {
  readonly config: { readonly denseLayers: number; readonly readings: FeatureReadings };
};

/** Whether a weight or its gradient belongs to a fusion. */
export const isFusion = (name: string): boolean => name.includes('Fusion');

/** Removes the weights of fusions. */
export const withoutFusion = <T extends Named | Tensors>(inputs: T): T =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !isFusion(name))) as T;

/** Changes the readings in the settings. */
function reading<S extends DenseSettings>(settings: S, change: (of: FeatureReadings) => Partial<FeatureReadings>): S {
  const { config } = settings;
  return { ...settings, config: { ...config, readings: { ...config.readings, ...change(config.readings) } } };
}

/** Closes every gate: sets the gates' last maps to 0, and selects a fusion that then leaves the own feature, without a norm. */
export const closedGates = <S extends DenseSettings>(c: Case<S>): Case<S> => ({
  ...c,
  inputs: Object.fromEntries(
    Object.entries(c.inputs)
      .filter(([name]) => !/Fusion\.(norm|merge)$/.test(name))
      .map(([name, x]) => [name, name.endsWith('.up') && isFusion(name) ? { ...x, data: x.data.map(() => 0) } : x]),
  ),
  settings: reading(c.settings, ({ fusion }) => ({
    fusedNorm: 'none',
    fusion: fusion === 'concat' ? 'add' : fusion,
  })),
});

/** Sets m = 0, without a norm, and removes the weights of fusions. */
const noSources = <S extends DenseSettings>(c: Case<S>): Case<S> => {
  const settings = reading(c.settings, () => ({ fusedNorm: 'none' }));
  return {
    ...c,
    inputs: withoutFusion(c.inputs),
    settings: { ...settings, config: { ...settings.config, denseLayers: 0 } },
  };
};

/** The special cases in which a dense model is the plain one, which `plain` runs in a mode. */
export function reducesToPlain<S extends DenseSettings>(plain: (mode: string) => Program<S>) {
  const program = (mode: string): Program<S> => {
    const run = plain(mode);
    return (inputs, settings) => run(withoutFusion(inputs), settings);
  };
  const rest = { program, ignores: isFusion };
  return { 'm = 0': { change: noSources<S>, ...rest }, 'closed gates': { change: closedGates<S>, ...rest } };
}

const withoutScores = (inputs: Named): Named =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !/Fusion\.(query|key)$/.test(name)));

/** Reverses the order of the blocks [w, w] of a merge [w, (J + 1) w]. */
const reversedBlocks = (merge: Value): Value => concat(chunks(merge, 1, merge.shape[0]!).reverse(), 1);

/** Wrong connections of keys and values. */
export const wrongConnections = <S extends DenseSettings>(): readonly Wrong<S>[] => [
  {
    mode: 'chunkwise',
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
    mode: 'chunkwise',
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
    mode: 'chunkwise',
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
    mode: 'recurrent',
    name: 'gates-never-close',
    says: 'a bias keeps every gate open',
    rejectedBy: ['definition', 'reduces'],
    program: (inputs, settings, run) =>
      run(
        mapValues(inputs, (x, name) => (isFusion(name) && name.endsWith('.up') ? add(x, 2 ** -6) : x)),
        settings,
      ),
  },
];
