/** @file Trains a small DenseRetNet: two steps per call, with parameters on the device. */
import { f64 } from 'densessm';
import { compile } from 'densessm/gpu';
import { denseRetNet, denseRetNetConfig, initialise } from 'densessm/models';
import { factorsOf, flattenParams, languageTraining, polynomialDecay, trainingSteps } from 'densessm/training';

const config = denseRetNetConfig({ vocabulary: 7, width: 16, heads: 2, layers: 2, denseLayers: 1 });
const [batch, length, steps] = [2, 5, 2];
const training = {
  ...languageTraining(denseRetNet, config, { batch, length }),
  optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
  clip: 1,
  steps,
};
const { equation, inputs, keep } = trainingSteps(training);
const train = await compile(equation, inputs, { keep });
console.log(train.ran.backend, train.ran.work, train.ran.compileSeconds);

// parameters and moments are sent once, and stay on the device
const params = flattenParams(initialise(denseRetNet, config, { on: f64, seed: 1 }), training.shapes);
const zeros = new Float32Array(params.length);
let start: Record<string, Float32Array> = { params, first: zeros, second: zeros };
const rate = polynomialDecay({ peak: 1e-2, warmup: 2, total: 6 });
for (let step = 1; step <= 6; step += steps) {
  const factors = Float32Array.from(factorsOf(training.optimizer, rate, step, steps));
  const tokens = Float32Array.from({ length: steps * batch * length }, (_, i) => (3 * i) % 7);
  const targets = tokens.map((token) => (token + 3) % 7);
  console.log((await train({ ...start, factors, tokens, targets })).losses);
  start = {};
}
console.log((await train.kept('params')).length);
await train.dispose();
