/** @file Measures the accuracy of a model on batches of a task. */
import type { Tree } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import { ignoredLabel, type Source } from '../data.ts';
import { sizeOfAll, unflatten } from '../flat.ts';
import { type RunsOn, started } from '../program.ts';
import type { RunSettings } from '../run-settings.ts';
import { type Accuracy, accuracyOf, mostProbable } from './accuracy.ts';

/**
 * Runs a model with parameters of a training state on the first batches of a source (8 unless given), and scores its most probable
 * tokens. `on` is that of `train`. Throws on an invalid configuration, and where nothing is asked.
 * @example
 * const { vocabulary, source } = taskNamed('state-tracking').problem({ things: 2 });
 * const config = transformerConfig({ vocabulary: vocabulary.characters.length, width: 8, heads: 2, layers: 1 });
 * const settings = { model: transformer, config, batch: 2, length: 4 };
 * const { params } = startOfRun(settings);
 * (await measureAccuracy(settings, params, source(1), { on: eager(f64), batches: 3 })).asked // 24
 */
export async function measureAccuracy<C extends { readonly vocabulary: number }, P extends Tree, S extends Tree>(
  { model, config, mode = { name: 'parallel' }, batch, length }: Omit<RunSettings<C, P, S>, 'steps' | 'schedule'>,
  params: ArrayLike<number>,
  source: Source,
  { on, batches = 8 }: { readonly on: RunsOn; readonly batches?: number },
): Promise<Accuracy> {
  model.check(config);
  const shapes = model.shapes(config);
  const equation = ({ params: list, tokens }: Readonly<Record<string, Value>>) => {
    const tree = unflatten<P>(list!, shapes);
    const { logits } = model.forward(tree, config, tokens!, model.start(tree, config, batch), mode);
    return { params: list!, logits };
  };
  const inputs = { params: { shape: [sizeOfAll(shapes)] }, tokens: { shape: [batch, length], kind: 'index' } } as const;
  const program = await started(on, equation, inputs, { params: 'params' });
  try {
    const labels: number[] = [];
    const predictions: number[] = [];
    for (let number = 0; number < batches; number++) {
      const rows = source(number, batch, length);
      // the parameters stay where the program runs
      const { logits } = await program.call({ ...(number === 0 && { params }), tokens: rows.tokens });
      const found = mostProbable(logits!, config.vocabulary, logits!.length / rows.tokens.length);
      rows.labels.forEach((label, i) => {
        if (label === ignoredLabel) return;
        labels.push(label);
        predictions.push(found[i]!);
      });
    }
    return accuracyOf(labels, predictions);
  } finally {
    await program.dispose();
  }
}
