/** @file Computes the loss of a model on validation batches. */
import type { Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import type { Rows, Source } from './data.ts';
import { sizeOfAll, unflatten } from './flat.ts';
import { logitsIn, targetsOf, weightedLoss } from './language-model.ts';
import { type Running, type RunsOn, started } from './program.ts';
import type { RunSettings } from './run-settings.ts';
import type { Training } from './steps.ts';
import { type Accuracy, accuracyOf, mostProbable } from './tasks/accuracy.ts';

/** The loss on some batches: its mean over the labels that count, their number, and, where it was asked for, the accuracy. */
export interface Validation {
  readonly loss: number;
  readonly tokens: number;
  readonly accuracy?: Accuracy;
}

/** Batches of rows as inputs of a program: tokens, targets and weights, what is dropped, and the number of labels that count. */
export function inputsOf(rows: readonly (Rows & { readonly drops?: Float32Array })[]): {
  readonly inputs: Readonly<Record<'tokens' | 'targets' | 'weights', Float32Array>> & { readonly drops?: Float32Array };
  readonly counted: number;
} {
  const targets = rows.map(({ labels }) => targetsOf(labels));
  const list = (lists: readonly ArrayLike<number>[]): Float32Array => {
    const all = new Float32Array(lists.reduce((size, one) => size + one.length, 0));
    lists.reduce((at, one) => {
      all.set(one, at);
      return at + one.length;
    }, 0);
    return all;
  };
  const weights = list(targets.map((one) => one.weights));
  const drops = rows.flatMap((one) => one.drops ?? []);
  return {
    inputs: {
      tokens: list(rows.map(({ tokens }) => tokens)),
      targets: list(targets.map((one) => one.targets)),
      weights,
      ...(drops.length > 0 && { drops: list(drops) }),
    },
    counted: weights.reduce((sum, weight) => sum + weight, 0),
  };
}

/** Starts the program that computes the loss of a batch and, where accuracy is asked for, the logits. It drops nothing. */
export function startValidation<C, P extends Tree, S extends Tree>(
  settings: RunSettings<C, P, S>,
  { shapes, batch: { drops: _, ...slots } }: Training<P>,
  on: RunsOn,
): Promise<Running> {
  const { model, config, accuracy = false } = settings;
  const equation = ({ params, tokens, ...wanted }: Readonly<Record<string, Value>>) => {
    const logits = logitsIn(model, config, settings, unflatten<P>(params!, shapes), tokens!);
    return { params: params!, loss: weightedLoss(logits, wanted), ...(accuracy && { logits }) };
  };
  return started(on, equation, { params: { shape: [sizeOfAll(shapes)] }, ...slots }, { params: 'params' });
}

/** Computes the mean loss of the parameters on `count` batches of a source. Batches in which no label counts are left out. */
export async function validate(
  program: Running,
  params: ArrayLike<number>,
  source: Source,
  {
    batch,
    length,
    count,
    vocabulary,
  }: { readonly batch: number; readonly length: number; readonly count: number; readonly vocabulary: number },
): Promise<Validation> {
  let given: Record<string, ArrayLike<number>> = { params };
  let [loss, tokens] = [0, 0];
  const scores: Accuracy[] = [];
  for (let index = 0; index < count; index++) {
    const rows = source(index, batch, length);
    const { inputs, counted } = inputsOf([rows]);
    if (counted === 0) continue;
    const { loss: own, logits } = await program.call({ ...given, ...inputs });
    // the parameters stay where the program runs
    given = {};
    loss += own![0]!;
    tokens += counted;
    if (!logits) continue;
    const { labels } = rows;
    scores.push(accuracyOf(labels, mostProbable(logits, vocabulary, logits.length / labels.length)));
  }
  return { loss: loss / tokens, tokens, ...(scores.length > 0 && { accuracy: joined(scores) }) };
}

function joined(scores: readonly Accuracy[]): Accuracy {
  const sum = (key: 'right' | 'asked'): number => scores.reduce((all, score) => all + score[key], 0);
  const [right, asked] = [sum('right'), sum('asked')];
  return { right, asked, accuracy: right / asked };
}
