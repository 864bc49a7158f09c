/** @file Configuration of DenseRetNet: sizes, readings of the paper, presets of readings. */
import type { RotationPhase } from '../nn/multi-head-retention.ts';
import type { RetentionNorm } from '../nn/retention/normalised.ts';
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Choices, checkEpsilon, checkReadingsOnly, checkWhole, retentionReadings } from './check.ts';
import { type FeatureReadings, featureChoices, featureFusionShapes, paperFeatureReadings } from './feature-fusion.ts';

/** Readings (interpretations of the paper) of dense keys and values, and of retention. spec/readings.ts has the evidence. */
export interface DenseRetNetReadings extends FeatureReadings {
  readonly retentionNorm: RetentionNorm;
  readonly rotationPhase: RotationPhase;
}

/** Sizes and readings of DenseRetNet. */
export interface DenseRetNetConfig {
  readonly vocabulary: number;
  /** h: channels of the residual stream. */
  readonly width: number;
  readonly heads: number;
  /** d_qk: channels of queries and keys, over all heads. */
  readonly keyWidth: number;
  /** E: channels of values, over all heads. */
  readonly valueWidth: number;
  /** L: number of layers. */
  readonly layers: number;
  /** m: number of shallower layers that connect to each layer. */
  readonly denseLayers: number;
  /** r: width of a gate's hidden layer; 0 closes every gate. */
  readonly gateRank: number;
  /** r of the values' gates, where it is not that of the keys' gates, as in the published checkpoints. */
  readonly valueGateRank?: number | undefined;
  readonly epsilon: number;
  /** A token whose embedding gets no gradient, or null. */
  readonly padToken: number | null;
  readonly readings: DenseRetNetReadings;
}

/** Readings of the equations alone: without normalisation of retention, every mode is the same function. */
export const paperReadings: DenseRetNetReadings = {
  ...paperFeatureReadings,
  retentionNorm: 'none',
  rotationPhase: 'p',
};

/** Readings of the released code [C]. Its parallel and recurrent modes are different functions. */
export const authorsReadings: DenseRetNetReadings = {
  ...paperReadings,
  projection: 'identity',
  fusedNorm: 'rms',
  retentionNorm: 'torchscale',
  rotationPhase: 'p-1',
};

/**
 * Fills in default sizes as the released code does: keyWidth ⌊h/2⌋, valueWidth 2h, gateRank ⌊h/32⌋, ε 1e-6. Readings are `paper`.
 * @example
 * denseRetNetConfig({ vocabulary: 8, width: 64, heads: 2, layers: 2, denseLayers: 1 }).gateRank // 2
 */
export function denseRetNetConfig(
  sizes: Pick<DenseRetNetConfig, 'vocabulary' | 'width' | 'heads' | 'layers' | 'denseLayers'> &
    Partial<DenseRetNetConfig>,
): DenseRetNetConfig {
  const { width } = sizes;
  return {
    keyWidth: Math.floor(width / 2),
    valueWidth: 2 * width,
    gateRank: Math.floor(width / 32),
    epsilon: 1e-6,
    padToken: null,
    readings: paperReadings,
    ...sizes,
  };
}

/** Shapes of all weights by path, [out, in]. A layer without fusion and norm has no fusion weights. */
export function denseRetNetShapes(config: DenseRetNetConfig): Record<string, Shape> {
  const { vocabulary, width, keyWidth, valueWidth, layers, heads } = config;
  const shapes: Record<string, Shape> = { embedding: [vocabulary, width] };
  for (let l = 0; l < layers; l++) {
    const path = `layers.${l}`;
    Object.assign(shapes, {
      [`${path}.inputNorm`]: [width],
      [`${path}.query`]: [keyWidth, width],
      [`${path}.key`]: [keyWidth, width],
      [`${path}.value`]: [valueWidth, width],
      [`${path}.outputGate`]: [valueWidth, width],
      [`${path}.groupNorm`]: [valueWidth / heads],
      [`${path}.output`]: [width, valueWidth],
    });
    const fusions = featureFusionShapes(config, l, { key: keyWidth, value: valueWidth });
    for (const [field, shape] of Object.entries(fusions)) shapes[`${path}.${field}`] = shape;
  }
  return { ...shapes, finalNorm: [width], head: [vocabulary, width] };
}

const choices: Choices<DenseRetNetReadings> = { ...featureChoices, ...retentionReadings };

/** Throws on an invalid configuration. */
export function checkDenseRetNet(config: DenseRetNetConfig): void {
  checkWhole('denseRetNet', config, ['vocabulary', 'width', 'heads', 'keyWidth', 'valueWidth', 'layers'], 1);
  checkWhole('denseRetNet', config, ['denseLayers', 'gateRank'], 0);
  if (config.valueGateRank !== undefined) checkWhole('denseRetNet', config, ['valueGateRank'], 0);
  const { vocabulary, heads, keyWidth, valueWidth, epsilon, padToken, readings } = config;
  if (keyWidth % (2 * heads) !== 0) {
    fail(
      `denseRetNet: keyWidth ${keyWidth} with ${heads} heads; it must be a multiple of ${2 * heads}, as rotation pairs channels`,
    );
  }
  if (valueWidth % heads !== 0) fail(`denseRetNet: valueWidth ${valueWidth} is not a multiple of ${heads} heads`);
  checkEpsilon('denseRetNet', epsilon);
  if (padToken !== null && !(Number.isInteger(padToken) && padToken >= 0 && padToken < vocabulary)) {
    fail(
      `denseRetNet: padToken is ${described(padToken)}; it is a token of the vocabulary, 0 to ${vocabulary - 1}, or null`,
    );
  }
  checkReadingsOnly('denseRetNet', readings, choices);
}
