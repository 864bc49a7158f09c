/** @file What DenseMamba and the dense stack share as operators: readings drawn, special cases. */
import * as fc from 'fast-check';
import { carriedRecurrence } from '../../../nn/dense-states/carry.ts';
import type { StateReadings } from '../../../nn/dense-states/fuse.ts';
import type { Case, Settings, Tensors } from '../../case.ts';
import { small } from '../../draw.ts';
import type { Named } from '../../program.ts';

/** Every combination of readings of states, drawn. */
export const stateReadings: fc.Arbitrary<StateReadings> = fc.record({
  carry: fc.constantFrom('raw', 'fused'),
  pass: fc.constantFrom('raw', 'fused'),
  projection: fc.constantFrom('identity', 'linear'),
  projectionWidth: fc.constantFrom('state', 'channel'),
  gate: fc.constantFrom('shared', 'perLayer'),
  gateActivation: fc.constantFrom('silu', 'none'),
  gateWidth: fc.constantFrom('channel', 'state', 'full'),
  fusion: fc.constantFrom('add', 'concat', 'attention'),
  stateNorm: fc.constantFrom('none', 'rms'),
});

/** Layers, m and gate ranks; each shrinks towards the fewest. */
export const denseDepths = {
  layers: small(4),
  denseLayers: small(3, 0),
  gateRank: small(2, 0),
};

/** A configuration with dense states. */
export interface DenseConfig {
  readonly layers: number;
  readonly denseLayers: number;
  readonly stateSize: number;
  readonly readings: StateReadings;
}

/** How long a sequence may be: where what is carried is no linear recurrence, each token multiplies what rounding did before it. */
export const longestOf = ({ layers, denseLayers, readings }: DenseConfig): number =>
  carriedRecurrence(readings, Math.min(layers - 1, denseLayers)) === 'nonlinear' ? 9 : Number.POSITIVE_INFINITY;

const isFusion = (name: string): boolean => name.includes('.fusion.');

/** Inputs without the weights of fusions. */
export const withoutFusion = <T extends Named | Tensors>(inputs: T): T =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !isFusion(name))) as T;

type DenseCase<C extends DenseConfig> = Case<Settings & { readonly config: C }>;

/** m = 0. */
export const noDenseStates = <C extends DenseConfig, D extends DenseCase<C>>(c: D): D => ({
  ...c,
  inputs: withoutFusion(c.inputs),
  settings: { ...c.settings, config: { ...c.settings.config, denseLayers: 0 } },
});

/** Gates whose last maps are 0, and a fusion that then leaves the own state: by addition or attention, without a norm. */
export const closedGates = <C extends DenseConfig, D extends DenseCase<C>>(c: D): D => {
  const { config } = c.settings;
  const { fusion } = config.readings;
  const readings = { ...config.readings, stateNorm: 'none', fusion: fusion === 'concat' ? 'add' : fusion };
  const inputs = Object.entries(c.inputs)
    .filter(([name]) => !/\.fusion\.(norm|merge)$/.test(name))
    .map(([name, x]) => [name, isFusion(name) && name.endsWith('.up') ? { ...x, data: x.data.map(() => 0) } : x]);
  return { ...c, inputs: Object.fromEntries(inputs), settings: { ...c.settings, config: { ...config, readings } } };
};

/** Numbers that only a model with fusions has. */
export const ofFusion = isFusion;
