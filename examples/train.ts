/** @file Trains a small DenseRetNet on a text, stops at a checkpoint, continues, and writes. */
import { compile } from 'densessm/gpu';
import { type DenseRetNetParams, denseRetNet, denseRetNetConfig, generate } from 'densessm/models';
import {
  characterVocabulary,
  cosineDecay,
  decode,
  encode,
  type RunState,
  randomWindows,
  splitTokens,
  train,
  unflatten,
  vocabularySize,
  windowsInOrder,
} from 'densessm/training';

const text = 'a rose is a rose is a rose; '.repeat(40);
const vocabulary = characterVocabulary(text);
const tokens = splitTokens(encode(vocabulary, text), 0.1);
const data = { train: randomWindows(tokens.train, 1), validation: windowsInOrder(tokens.validation) };

const size = { vocabulary: vocabularySize(vocabulary), width: 16, heads: 2, layers: 2, denseLayers: 1 };
const settings = {
  model: denseRetNet,
  config: denseRetNetConfig(size),
  batch: 4,
  length: 16,
  steps: 60,
  schedule: cosineDecay({ peak: 2e-2, warmup: 5, total: 60 }),
  checkpointEvery: 30,
};

let state: RunState | undefined;
for await (const event of train(settings, data, { on: compile })) {
  if (event.kind === 'checkpoint') state = event.state; // write it to a file, in a real run
  if (event.kind === 'checkpoint') break;
}
for await (const event of train(settings, data, { on: compile, ...(state && { state }) })) {
  if (event.kind === 'step' && event.step % 10 === 0) console.log(event.step, event.loss, event.rate, event.norm);
  if (event.kind === 'validation') console.log('validation', event.loss);
  if (event.kind === 'checkpoint') state = event.state;
}

const params = unflatten<DenseRetNetParams>(state!.params, denseRetNet.shapes(settings.config));
const prompt = [...encode(vocabulary, 'a rose')];
console.log(decode(vocabulary, generate(denseRetNet, params, settings.config, [prompt], { steps: 30 })[0]!));
