/** @file A small run of `train`, for a page's worker and for Node. */
import { compile } from '../../../src/executors/gpu/index.ts';
import { denseRetNet } from '../../../src/models/dense-retnet.ts';
import { denseRetNetConfig } from '../../../src/models/dense-retnet-config.ts';
import {
  byteVocabulary,
  cosineDecay,
  encode,
  type RunState,
  randomWindows,
  splitTokens,
  type TrainEvent,
  train,
  windowsInOrder,
} from '../../../src/training/index.ts';

const tokens = splitTokens(encode(byteVocabulary, 'ein Text für Bytes: π. '.repeat(20)));
const data = { train: randomWindows(tokens.train, 1), validation: windowsInOrder(tokens.validation) };
const settings = {
  model: denseRetNet,
  config: denseRetNetConfig({ vocabulary: 256, width: 8, heads: 2, layers: 2, denseLayers: 1 }),
  batch: 2,
  length: 8,
  steps: 6,
  schedule: cosineDecay({ peak: 1e-2, total: 7 }),
  validateEvery: 3,
  validationBatches: 2,
  checkpointEvery: 3,
};

/** Starts the run on backend wasm, from a state or from the beginning. */
export const smallRun = (state?: RunState): AsyncGenerator<TrainEvent> =>
  train(settings, data, {
    on: (equation, inputs, options) => compile(equation, inputs, { ...options, backend: 'wasm' }),
    ...(state && { state }),
  });

/** What an event says, without times and devices. */
export function withoutTimes(event: TrainEvent): object {
  if (event.kind === 'begin') return { ...event, ran: event.ran?.backend };
  return 'seconds' in event ? { ...event, seconds: 0 } : event;
}
