/** @file Trains a small model on a synthetic task, and measures its accuracy. */
import { compile } from 'densessm/gpu';
import { transformer, transformerConfig } from 'densessm/models';
import { cosineDecay, decode, measureAccuracy, type RunState, taskNamed, train } from 'densessm/training';

const { vocabulary, data, chance } = taskNamed('selective-copying').problem({ items: 2, symbols: 4 });
const { train: source, validation } = data(1);
console.log('a row:', decode(vocabulary, source(0, 1, 12).tokens));

const settings = {
  model: transformer,
  config: transformerConfig({ vocabulary: vocabulary.characters.length, width: 32, heads: 4, layers: 2 }),
  batch: 16,
  length: 12,
  steps: 120,
  schedule: cosineDecay({ peak: 1e-2, warmup: 10, total: 121 }),
};
let state: RunState | undefined;
for await (const event of train(settings, { train: source }, { on: compile })) {
  if (event.kind === 'step' && event.step % 20 === 0) console.log(event.step, event.loss);
  if (event.kind === 'checkpoint') state = event.state;
}
const { right, asked, accuracy } = await measureAccuracy(settings, state!.params, validation!, { on: compile });
console.log(`${right} of ${asked} right: ${accuracy}; by chance ${chance}`);
