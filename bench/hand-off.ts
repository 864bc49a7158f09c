/** @file Measures the error of the authors' recurrent mode after a prefill in another mode of theirs, on random models. */
import { f64 } from '../src/executors/f64/index.ts';
import { denseRetNet } from '../src/models/dense-retnet.ts';
import { authorsReadings, denseRetNetConfig } from '../src/models/dense-retnet-config.ts';
import { initialise } from '../src/models/language-model.ts';
import type { Mode } from '../src/nn/mode.ts';
import { indexInput, read } from '../src/tensor/input.ts';
import { slice } from '../src/tensor/primitives/slice.ts';
import { rng } from '../src/tensor/random.ts';

const [models, prompt, decoded] = [100, 16, 8];
const config = denseRetNetConfig({
  vocabulary: 32,
  width: 32,
  heads: 4,
  layers: 4,
  denseLayers: 2,
  readings: authorsReadings,
});
const recurrent: Mode = { name: 'recurrent' };

/** Largest difference between the decoded logits and those of a fully recurrent run, divided by the largest of the latter. */
function gap(seed: number, spread: number, mode: Mode): number {
  const params = initialise(denseRetNet, config, { on: f64, seed, spread });
  const random = rng(seed);
  const tokens = indexInput(
    f64,
    Array.from({ length: prompt + decoded }, () => random.integer(config.vocabulary)),
    [1, prompt + decoded],
  );
  const start = denseRetNet.start(params, config, 1);
  const whole = read(
    slice(denseRetNet.forward(params, config, tokens, start, recurrent).logits, 1, prompt, prompt + decoded),
  );
  const { state } = denseRetNet.forward(params, config, slice(tokens, 1, 0, prompt), start, mode);
  const rest = read(
    denseRetNet.forward(params, config, slice(tokens, 1, prompt, prompt + decoded), state, recurrent).logits,
  );
  const largest = whole.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return rest.reduce((most, x, i) => Math.max(most, Math.abs(x - whole[i]!)), 0) / largest;
}

/** Prints the median and maximum gap for each size of the weights and each mode of the prefill. */
export async function handOff(): Promise<void> {
  console.log(
    `${models} models of ${config.layers} layers, m = ${config.denseLayers}; ${prompt} tokens read, ${decoded} decoded`,
  );
  for (const spread of [0.2, 0.02]) {
    for (const mode of [recurrent, { name: 'parallel' }, { name: 'chunkwise', chunkSize: 5 }] as const) {
      const gaps = Array.from({ length: models }, (_, i) => gap(i + 1, spread, mode)).sort((a, b) => a - b);
      const median = gaps[models / 2]!.toExponential(1);
      console.log(
        `weights N(0, ${spread}²)  ${mode.name.padEnd(9)}  median ${median}  max ${gaps.at(-1)!.toExponential(1)}`,
      );
    }
  }
}
