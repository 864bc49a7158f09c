/** @file Dense keys and values (Eqs. 21–24): readings, the shapes of the weights, and the fusion from layer to layer. */
import { denseFusion, type Fusion, type FusionParams } from '../nn/dense-fusion.ts';
import type { GateActivation } from '../nn/selective-transition.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import type { Choices } from './check.ts';
import { fusionShapes, sourcesOf } from './fusion-shapes.ts';

/** Readings (interpretations of the paper) of dense keys and values. spec/readings.ts has the evidence. */
export interface FeatureReadings {
  /** Keys and values that go to deeper layers: before fusion, or after it. */
  readonly pass: 'raw' | 'fused';
  readonly projection: 'identity' | 'linear';
  readonly gate: 'shared' | 'perLayer';
  readonly gateActivation: GateActivation;
  readonly fusion: Fusion;
  readonly fusedNorm: 'rms' | 'none';
  /** Layer 0 has nothing to fuse. Its features stay unchanged, or are normed. */
  readonly firstLayer: 'plain' | 'normed';
}

/** Readings of the paper's equations where they decide. The other defaults are our choice. */
export const paperFeatureReadings: FeatureReadings = {
  pass: 'raw',
  projection: 'linear',
  gate: 'shared',
  gateActivation: 'silu',
  fusion: 'add',
  fusedNorm: 'none',
  firstLayer: 'plain',
};

/** Choices of each reading. */
export const featureChoices: Choices<FeatureReadings> = {
  pass: ['raw', 'fused'],
  projection: ['identity', 'linear'],
  gate: ['shared', 'perLayer'],
  gateActivation: ['silu', 'none'],
  fusion: ['add', 'concat', 'attention'],
  fusedNorm: ['rms', 'none'],
  firstLayer: ['plain', 'normed'],
};

/** Settings of a dense connection of keys and values. */
export interface FeatureConnection {
  /** h: channels of the gates' input, the block's normed input. */
  readonly width: number;
  /** m: number of shallower layers that connect to each layer. */
  readonly denseLayers: number;
  /** r: width of a gate's hidden layer; 0 closes every gate. */
  readonly gateRank: number;
  /** r of the values' gates, where it is not that of the keys' gates. */
  readonly valueGateRank?: number | undefined;
  readonly epsilon: number;
  readonly readings: FeatureReadings;
}

/** Keys [b, t, w] and values [b, t, w'] over all heads. */
export interface Features {
  readonly key: Value;
  readonly value: Value;
}

/** Weights of a layer's fusions. */
export type FeatureFusions = {
  readonly keyFusion?: FusionParams | undefined;
  readonly valueFusion?: FusionParams | undefined;
};

/** Shapes of the fusions of layer l by field, for the widths of keys and values. A layer without fusion and norm has none. */
export function featureFusionShapes(
  config: FeatureConnection,
  l: number,
  widths: Readonly<Record<keyof Features, number>>,
): Record<string, Shape> {
  const { readings, width, gateRank, valueGateRank = gateRank } = config;
  if (l === 0 && readings.firstLayer === 'plain') return {};
  const shapesOf = (over: number, at: string, rank: number): Record<string, Shape> => ({
    ...fusionShapes(at, sourcesOf(config, l).length, readings, {
      input: width,
      gateRank: rank,
      gate: over,
      projection: over,
      fused: over,
    }),
    ...(readings.fusedNorm === 'rms' && { [`${at}.norm`]: [over] }),
  });
  return {
    ...shapesOf(widths.key, 'keyFusion', gateRank),
    ...shapesOf(widths.value, 'valueFusion', valueGateRank),
  };
}

/**
 * Returns a function to call for layer after layer, from layer 0 on. It fuses a layer's keys and values with those of the preceding
 * layers, nearest first, gated by the layer's normed input `x`, and passes them on.
 */
export function denseFeatures(
  config: Omit<FeatureConnection, 'width' | 'gateRank'>,
): (own: Features, x: Value, params: FeatureFusions, path: string) => Features {
  const { epsilon, readings } = config;
  const passed: Features[] = [];
  return (own, x, { keyFusion, valueFusion }, path) => {
    const sources = sourcesOf(config, passed.length).map((from) => passed[from]!);
    const fuse = (name: keyof Features, params: FusionParams | undefined): Value => {
      if (params === undefined) return own[name];
      const others = sources.map((source) => source[name]);
      const rule = {
        activation: readings.gateActivation,
        fusion: readings.fusion,
        epsilon,
        path: `${path}${name}`,
      };
      return site(denseFusion(own[name], others, x, params, rule), `${path}${name}Normed`);
    };
    const fused = { key: fuse('key', keyFusion), value: fuse('value', valueFusion) };
    passed.push(readings.pass === 'raw' ? own : fused);
    return fused;
  };
}
