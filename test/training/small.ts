/** @file A small DenseRetNet to train, on batches that are drawn. */
import { f64 } from '../../src/executors/f64/index.ts';
import { type DenseRetNetParams, denseRetNet } from '../../src/models/dense-retnet.ts';
import { denseRetNetConfig } from '../../src/models/dense-retnet-config.ts';
import { initialise } from '../../src/models/language-model.ts';
import { crossEntropy } from '../../src/nn/cross-entropy.ts';
import { read } from '../../src/tensor/input.ts';
import { filledLike } from '../../src/tensor/operand.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { rng } from '../../src/tensor/random.ts';
import { leavesOf } from '../../src/tensor/tree.ts';
import type { Training } from '../../src/training/index.ts';

const [batch, length, vocabulary] = [2, 5, 7];
const config = denseRetNetConfig({ vocabulary, width: 32, heads: 2, layers: 3, denseLayers: 2 });

/** What to train, its first parameters as one list, and the numbers of each call's batches: the next token is a rule of the last. */
export function smallTraining(steps: number, accumulate: number) {
  const training: Training<DenseRetNetParams> = {
    shapes: denseRetNet.shapes(config),
    batch: {
      tokens: { shape: [batch, length], kind: 'index' },
      targets: { shape: [batch * length], kind: 'index' },
    },
    loss(params, { tokens, targets }) {
      const state = denseRetNet.start(params, config, batch);
      const { logits } = denseRetNet.forward(params, config, tokens!, state, { name: 'parallel' });
      const weights = filledLike(logits, 1, [batch * length]);
      return crossEntropy(reshape(logits, [batch * length, vocabulary]), { tokens: targets!, weights });
    },
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
    clip: 1,
    steps,
    accumulate,
  };
  const params = initialise(denseRetNet, config, { on: f64, seed: 3, spread: 0.2 });
  const init = Float64Array.from(leavesOf(params).flatMap((leaf) => [...read(leaf)])).map(Math.fround);
  const each = steps * accumulate;
  const batches = (call: number) => {
    // batch by batch, so that it does not matter how many a call takes
    const drawn = Array.from({ length: each }, (_, k) => {
      const random = rng(100 + call * each + k);
      return Array.from({ length: batch * length }, () => random.integer(vocabulary));
    });
    const tokens = Float32Array.from(drawn.flat());
    return { tokens, targets: tokens.map((token) => (3 * token + 1) % vocabulary) };
  };
  return { training, init, batches };
}
