/** @file Configuration of DenseMamba: Mamba's sizes, m, the rank of the gates, and a reading for each open question about states. */
import type { StateReadings } from '../nn/dense-states/fuse.ts';
import type { Rng } from '../tensor/random.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Choices, checkReadingsOnly, checkWhole } from './check.ts';
import { freshFusion, sourcesOf } from './fusion-shapes.ts';
import { checkMamba, freshMamba, type MambaConfig, mambaConfig, mambaShapes, uniformWithin } from './mamba-config.ts';
import { paperStateReadings, stateChoices, stateFusionShapes } from './state-fusion.ts';

/** Readings (interpretations of the paper) of dense states. spec/readings.ts has the evidence. */
export interface DenseMambaReadings extends StateReadings {
  /** Input of the gates: the block's normed input, or u, the scan's input. */
  readonly gateInput: 'normed' | 'u';
}

/** Sizes and readings of a DenseMamba. */
export interface DenseMambaConfig extends MambaConfig {
  /** m: number of shallower layers that connect to each layer; 0 gives Mamba. */
  readonly denseLayers: number;
  /** r: width of a gate's hidden layer; 0 closes every gate. */
  readonly gateRank: number;
  readonly readings: DenseMambaReadings;
}

/** Default readings: those of the paper's equations where they decide. */
export const paperStates: DenseMambaReadings = { ...paperStateReadings, gateInput: 'normed' };

/**
 * Fills in default sizes: Mamba's from `mambaConfig`, and a gate rank of ⌊d/32⌋ as in the released DenseRetNet, but at least 1.
 * Readings are `paperStates`.
 * @example
 * denseMambaConfig({ vocabulary: 8, width: 64, layers: 4, denseLayers: 2 }).gateRank // 2
 */
export function denseMambaConfig(
  sizes: Pick<DenseMambaConfig, 'vocabulary' | 'width' | 'layers' | 'denseLayers'> & Partial<DenseMambaConfig>,
): DenseMambaConfig {
  return {
    ...mambaConfig(sizes),
    gateRank: Math.max(1, Math.floor(sizes.width / 32)),
    readings: paperStates,
    ...sizes,
  };
}

/** Shapes of all weights by path, [out, in]. Only layers with sources have fusion weights. */
export function denseMambaShapes(config: DenseMambaConfig): Record<string, Shape> {
  const { layers, width, innerWidth, stateSize, gateRank, readings } = config;
  const sizes = {
    e: innerWidth,
    n: stateSize,
    input: readings.gateInput === 'normed' ? width : innerWidth,
    gateRank,
  };
  const fusions = Array.from({ length: layers }, (_, l) =>
    stateFusionShapes(`layers.${l}.fusion`, sourcesOf(config, l).length, readings, sizes),
  );
  return { ...mambaShapes(config), ...Object.assign({}, ...fusions) };
}

const choices: Choices<DenseMambaReadings> = { ...stateChoices, gateInput: ['normed', 'u'] };

/** Throws on an invalid configuration. */
export function checkDenseMamba(config: DenseMambaConfig): void {
  checkMamba(config, 'denseMamba');
  checkWhole('denseMamba', config, ['denseLayers', 'gateRank'], 0);
  checkReadingsOnly('denseMamba', config.readings, choices);
}

/**
 * Initial numbers of a weight. A merge starts as the identity of the layer's own states. Gates, projections and maps of attention
 * are uniform within (inputs)^{−1/2}, as Mamba's own maps are: from N(0, 0.02²) the gradients of narrow models would be no larger
 * than the ε of AdamW. Null for the default.
 */
export function freshDenseMamba(
  config: DenseMambaConfig,
  path: string,
  shape: Shape,
  random: Rng,
): Float64Array | null {
  if (!path.includes('.fusion.')) return freshMamba(config, path, shape, random);
  if (path.endsWith('.norm')) return null;
  return freshFusion(path, shape, random) ?? uniformWithin(shape[1]! ** -0.5, shape, random);
}
