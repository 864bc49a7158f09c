/** @file Configures DenseRetNet, with the authors' readings, for the training benchmarks. */
import { f64 } from '../../src/executors/f64/index.ts';
import { type DenseRetNetParams, denseRetNet } from '../../src/models/dense-retnet.ts';
import { authorsReadings, type DenseRetNetConfig, denseRetNetConfig } from '../../src/models/dense-retnet-config.ts';
import { initialise } from '../../src/models/language-model.ts';
import { rng } from '../../src/tensor/random.ts';
import { flattenParams, languageTraining, type Training } from '../../src/training/index.ts';

/** Sizes of the model and of a batch. */
export interface Size {
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  readonly batch: number;
  readonly length: number;
}

export const vocabulary = 256;

export const configOf = ({ width, heads, layers }: Size): DenseRetNetConfig =>
  denseRetNetConfig({ vocabulary, width, heads, layers, denseLayers: 2, readings: authorsReadings });

export const rate = 1e-3;

/** Configures training at a size, with `steps` steps per call. */
export function trainingOf(size: Size, steps: number): Training<DenseRetNetParams> {
  return {
    ...languageTraining(denseRetNet, configOf(size), size),
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
    clip: 1,
    steps,
  };
}

/** Draws the initial parameters, as one list. */
export function initialList(size: Size): Float32Array {
  const config = configOf(size);
  return flattenParams(initialise(denseRetNet, config, { on: f64, seed: 1 }), denseRetNet.shapes(config));
}

/** Draws tokens and targets of `count` batches, beginning with number `first`. They are a noisy cycle, which a model can learn. */
export function drawBatches(
  { batch, length }: Size,
  first: number,
  count: number,
): { tokens: Float32Array; targets: Float32Array } {
  const each = batch * length;
  const tokens = new Float32Array(count * each);
  const targets = new Float32Array(count * each);
  for (let k = 0; k < count; k++) {
    const random = rng(1000 + first + k);
    for (let b = 0; b < batch; b++) {
      let token = random.integer(vocabulary);
      for (let t = 0; t < length; t++) {
        tokens[k * each + b * length + t] = token;
        token = random.integer(8) === 0 ? random.integer(vocabulary) : (5 * token + 17) % vocabulary;
        targets[k * each + b * length + t] = token;
      }
    }
  }
  return { tokens, targets };
}
