/** @file Computes the loss of a model on validation batches. */
import type { Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import type { Rows, Source } from './data.ts';
import { sizeOfAll, unflatten } from './flat.ts';
import { targetsOf } from './language-model.ts';
import { type Running, type RunsOn, started } from './program.ts';
import type { Training } from './steps.ts';

/** The loss on some batches: its mean over the labels that count, and their number. */
export interface Validation {
  readonly loss: number;
  readonly tokens: number;
}

/** Batches of rows as inputs of a program: tokens, targets and weights, and the number of labels that count. */
export function inputsOf(rows: readonly Rows[]): {
  readonly inputs: { readonly tokens: Float32Array; readonly targets: Float32Array; readonly weights: Float32Array };
  readonly counted: number;
} {
  const targets = rows.map(({ labels }) => targetsOf(labels));
  const joined = (lists: readonly ArrayLike<number>[]): Float32Array => {
    const all = new Float32Array(lists.reduce((size, list) => size + list.length, 0));
    lists.reduce((at, list) => {
      all.set(list, at);
      return at + list.length;
    }, 0);
    return all;
  };
  const weights = joined(targets.map((one) => one.weights));
  return {
    inputs: {
      tokens: joined(rows.map(({ tokens }) => tokens)),
      targets: joined(targets.map((one) => one.targets)),
      weights,
    },
    counted: weights.reduce((sum, weight) => sum + weight, 0),
  };
}

/** Starts the program that computes the loss of a batch, of the problem of a run. */
export function startValidation<P extends Tree>(training: Training<P>, on: RunsOn): Promise<Running> {
  const list = { shape: [sizeOfAll(training.shapes)] };
  const equation = ({ params, ...batch }: Readonly<Record<string, Value>>) => ({
    params: params!,
    loss: training.loss(unflatten<P>(params!, training.shapes), batch),
  });
  return started(on, equation, { params: list, ...training.batch }, { params: 'params' });
}

/** Computes the mean loss of the parameters on `count` batches of a source. Batches in which no label counts are left out. */
export async function validate(
  program: Running,
  params: ArrayLike<number>,
  source: Source,
  { batch, length, count }: { readonly batch: number; readonly length: number; readonly count: number },
): Promise<Validation> {
  let given: Record<string, ArrayLike<number>> = { params };
  let [loss, tokens] = [0, 0];
  for (let index = 0; index < count; index++) {
    const { inputs, counted } = inputsOf([source(index, batch, length)]);
    if (counted === 0) continue;
    const result = await program.call({ ...given, ...inputs });
    // the parameters stay where the program runs
    given = {};
    loss += result.loss![0]!;
    tokens += counted;
  }
  return { loss: loss / tokens, tokens };
}
