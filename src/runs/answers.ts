/** @file Lets a model answer a row of a task, and writes the row, the right answers and the model's as lines of text. */
import { f32 } from '../executors/f32/index.ts';
import { indexInput, read } from '../tensor/input.ts';
import type { Tree } from '../tensor/tree.ts';
import { ignoredLabel, mostProbable, type Source, unflatten } from '../training/index.ts';
import type { SavedModel } from './checkpoint.ts';
import { promptTokens } from './sampling.ts';

/** A row as text, and below it the model's answers; the right ones where they are known. */
export interface Answers {
  readonly row: string;
  readonly answers?: string;
  readonly model: string;
}

/** A row of a task, with a space where an answer is not asked for. */
export interface AnsweredRow extends Required<Answers> {
  readonly right: number;
  readonly asked: number;
}

/** The most probable token after each of some tokens. Computed eagerly in f32. */
function found({ model, config, params }: SavedModel, tokens: Int32Array): ArrayLike<number> {
  const tree = unflatten<Tree>(params, model.shapes(config), f32);
  const mode = { name: 'parallel' } as const;
  const ids = indexInput(f32, tokens, [1, tokens.length]);
  const logits = read(model.forward(tree, config, ids, model.start(tree, config, 1), mode).logits);
  return mostProbable(logits, config.vocabulary, logits.length / tokens.length);
}

/** Tokens as text, one character each: a space where a model whose logits are NaN has none. */
const lineOf = (model: SavedModel, ids: readonly number[]): string =>
  ids.map((id) => (id >= 0 ? model.tokens.decode([id]) : ' ')).join('');

/** The first row of batch `number` of a source, answered by a model with its most probable tokens. */
export function answered(
  model: SavedModel,
  source: Source,
  { number, length }: { readonly number: number; readonly length: number },
): AnsweredRow {
  const { tokens, labels } = source(number, 1, length);
  const given = found(model, tokens);
  const isAsked = (i: number): boolean => labels[i] !== ignoredLabel;
  const line = (ids: ArrayLike<number>): string =>
    lineOf(
      model,
      Array.from(ids, (id, i) => (isAsked(i) ? id : -1)),
    );
  const asked = [...labels.keys()].filter(isAsked);
  return {
    row: model.tokens.decode([...tokens]),
    answers: line(labels),
    model: line(given),
    right: asked.filter((i) => given[i] === labels[i]).length,
    asked: asked.length,
  };
}

/** A row of a task that somebody gives, with the model's answer after each token. Throws on an empty one, and on characters that the task does not have. */
export function answersTo(model: SavedModel, row: string): Answers {
  const symbols = model.tokens.decode([...Array(model.tokens.size).keys()]);
  const tokens = promptTokens(model.tokens, row, `a row of the task is of ${symbols}`);
  return { row, model: lineOf(model, Array.from(found(model, tokens))) };
}

/** Characters of a line of a row: longer rows go over several. */
const lineLength = 72;

/** Lines of a row: its tokens, below them the answers, below them the model's. */
export function rowLines({ row, answers, model }: Answers): string[] {
  const named = Object.entries({ row, ...(answers !== undefined && { answers }), model });
  return Array.from({ length: Math.ceil([...row].length / lineLength) }, (_, i) => {
    const part = (text: string): string => [...text].slice(i * lineLength, (i + 1) * lineLength).join('');
    return named.map(([name, text]) => `${name.padEnd(9)}${part(text)}`);
  })
    .flat()
    .map((line) => line.trimEnd());
}
