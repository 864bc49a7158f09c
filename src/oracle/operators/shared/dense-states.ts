/** @file Draws readings and makes special cases for DenseMamba and the dense stack. */
import * as fc from 'fast-check';
import { carriedRecurrence } from '../../../nn/dense-states/carry.ts';
import type { StateReadings } from '../../../nn/dense-states/fuse.ts';
import type { Case, Settings, Tensors } from '../../case.ts';
import { small } from '../../draw.ts';
import type { Named } from '../../program.ts';

/** Draws a combination of readings of states. */
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

/** Draws the number of layers, m and the gate rank. Each shrinks towards its minimum. */
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

/** The longest useful sequence. In a nonlinear recurrence, every token amplifies earlier rounding errors, so it must be short. */
export const longestOf = ({ layers, denseLayers, readings }: DenseConfig): number =>
  carriedRecurrence(readings, Math.min(layers - 1, denseLayers)) === 'nonlinear' ? 9 : Number.POSITIVE_INFINITY;

const isFusion = (name: string): boolean => name.includes('.fusion.');

/** Removes the weights of fusions. */
export const withoutFusion = <T extends Named | Tensors>(inputs: T): T =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !isFusion(name))) as T;

type DenseCase<C extends DenseConfig> = Case<Settings & { readonly config: C }>;

/** Sets m = 0, and removes the weights of fusions. */
export const noDenseStates = <C extends DenseConfig, D extends DenseCase<C>>(c: D): D => ({
  ...c,
  inputs: withoutFusion(c.inputs),
  settings: { ...c.settings, config: { ...c.settings.config, denseLayers: 0 } },
});

/** Closes every gate: sets the gates' last maps to 0, and selects a fusion that then returns the own state, without a norm. */
export const closedGates = <C extends DenseConfig, D extends DenseCase<C>>(c: D): D => {
  const { config } = c.settings;
  const { fusion } = config.readings;
  const readings = { ...config.readings, stateNorm: 'none', fusion: fusion === 'concat' ? 'add' : fusion };
  const inputs = Object.entries(c.inputs)
    .filter(([name]) => !/\.fusion\.(norm|merge)$/.test(name))
    .map(([name, x]) => [name, isFusion(name) && name.endsWith('.up') ? { ...x, data: x.data.map(() => 0) } : x]);
  return { ...c, inputs: Object.fromEntries(inputs), settings: { ...c.settings, config: { ...config, readings } } };
};

/** Whether a result exists only in a model with fusions. */
export const ofFusion = isFusion;
