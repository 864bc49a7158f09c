/** @file A small DenseRetNet to train, on drawn batches. */
import { f64 } from '../../../src/executors/f64/index.ts';
import { type DenseRetNetParams, denseRetNet } from '../../../src/models/dense-retnet.ts';
import { denseRetNetConfig, paperReadings } from '../../../src/models/dense-retnet-config.ts';
import { initialise } from '../../../src/models/language-model.ts';
import { rng } from '../../../src/tensor/random.ts';
import { flattenParams, languageTraining, type Training } from '../../../src/training/index.ts';

const vocabulary = 7;

/** The size of the model, and of a batch. */
export interface Size {
  readonly width: number;
  readonly layers: number;
  readonly denseLayers: number;
  readonly batch?: number;
  readonly length?: number;
}

/** The default size. */
const small: Size = { width: 32, layers: 3, denseLayers: 2 };

/**
 * A training problem, its initial parameters as one list, and the batches of each call. The next token is 3 · token + 1, modulo the
 * vocabulary.
 */
export function smallTraining(steps: number, accumulate: number, size = small) {
  // linear projections would only add kernels to compile
  const readings = { ...paperReadings, projection: 'identity' } as const;
  const { batch = 2, length = 5, ...own } = size;
  const config = denseRetNetConfig({ vocabulary, heads: 2, ...own, readings });
  const training: Training<DenseRetNetParams> = {
    ...languageTraining(denseRetNet, config, { batch, length }),
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
    clip: 1,
    steps,
    accumulate,
  };
  const params = initialise(denseRetNet, config, { on: f64, seed: 3, spread: 0.2 });
  const init = flattenParams(params, training.shapes);
  const each = steps * accumulate;
  const batches = (call: number) => {
    // draw batch by batch, so that the number of steps per call does not change the data
    const drawn = Array.from({ length: each }, (_, k) => {
      const random = rng(100 + call * each + k);
      return Array.from({ length: batch * length }, () => random.integer(vocabulary));
    });
    const tokens = Float32Array.from(drawn.flat());
    return { tokens, targets: tokens.map((token) => (3 * token + 1) % vocabulary) };
  };
  return { training, init, batches };
}
