/** @file Lets a model answer a row of a task, and writes the row, the right answers and the model's as lines of text. */
import { f32 } from '../executors/f32/index.ts';
import { indexInput, read } from '../tensor/input.ts';
import type { Tree } from '../tensor/tree.ts';
import { ignoredLabel, mostProbable, type Source, unflatten } from '../training/index.ts';
import type { SavedModel } from './checkpoint.ts';

/** A row as text, with a space where an answer is not asked for. */
export interface AnsweredRow {
  readonly row: string;
  readonly answers: string;
  readonly model: string;
  readonly right: number;
  readonly asked: number;
}

/** The first row of batch `number` of a source, answered by a model with its most probable tokens. Computed eagerly in f32. */
export function answered(
  { model, config, params, tokens: vocabulary }: SavedModel,
  source: Source,
  { number, length }: { readonly number: number; readonly length: number },
): AnsweredRow {
  const { tokens, labels } = source(number, 1, length);
  const tree = unflatten<Tree>(params, model.shapes(config), f32);
  const mode = { name: 'parallel' } as const;
  const ids = indexInput(f32, tokens, [1, length]);
  const logits = read(model.forward(tree, config, ids, model.start(tree, config, 1), mode).logits);
  const found = mostProbable(logits, config.vocabulary, logits.length / length);
  const isAsked = (i: number): boolean => labels[i] !== ignoredLabel;
  // a model whose logits are NaN has no answer
  const line = (ids: ArrayLike<number>): string =>
    Array.from(ids, (id, i) => (isAsked(i) && id >= 0 ? vocabulary.decode([id]) : ' ')).join('');
  const asked = [...labels.keys()].filter(isAsked);
  return {
    row: vocabulary.decode([...tokens]),
    answers: line(labels),
    model: line(found),
    right: asked.filter((i) => found[i] === labels[i]).length,
    asked: asked.length,
  };
}

/** Characters of a line of a row: longer rows go over several. */
const lineLength = 72;

/** Lines of a row: its tokens, below them the answers, below them the model's. */
export function rowLines({ row, answers, model }: AnsweredRow): string[] {
  const [tokens, right, given] = [row, answers, model].map((text) => [...text]);
  return Array.from({ length: Math.ceil(tokens!.length / lineLength) }, (_, i) => {
    const part = (characters: string[] | undefined): string =>
      characters!.slice(i * lineLength, (i + 1) * lineLength).join('');
    return [`row      ${part(tokens)}`, `answers  ${part(right)}`, `model    ${part(given)}`];
  })
    .flat()
    .map((line) => line.trimEnd());
}
