/** @file Lifts a definition of one sequence, head, channel or token to whole tensors. */
import { type Shape, sizeOf, stridesOf } from '../tensor/shape.ts';
import { type Lists, type Settings, type Tensor, type Tensors, toLists } from './case.ts';
import { type Axis, type Lengths, lengthOfAxis, lengthsIn, type Side, signatureOf, termIn } from './signature.ts';
import type { IndexOf, InputLists, OutputLists } from './signature-types.ts';

/** Computes outputs from inputs and settings. `mode` and `frozen` are those of `Operator.definition`. */
export type Definition<S extends Settings> = {
  run(inputs: Tensors, settings: S, mode: string, frozen?: Tensors): Tensors;
}['run'];

/**
 * The context of a definition: the index and the length of each letter, the mode, and the inputs at which constant divisors are
 * computed.
 */
export type Where<Text extends string, Letters extends string> = IndexOf<Letters> & {
  readonly lengths: IndexOf<Letters>;
  readonly mode: string;
  readonly frozen: InputLists<Text, Letters>;
};

/**
 * Lifts a definition of one index per letter to whole tensors. `over('bh', 'q bhtd, … -> output bhte', define)` calls `define` at
 * every b and h with q as [t][d], and joins the outputs [t][e]. Every call gets a tensor without these letters whole.
 */
export function over<const Letters extends string, const Text extends string, S extends Settings>(
  letters: Letters,
  text: Text,
  define: (
    inputs: InputLists<Text, Letters>,
    settings: S,
    where: Where<Text, Letters>,
  ) => OutputLists<Text, Letters> | Partial<OutputLists<Text, Letters>>,
): Definition<S> {
  const { inputs: side, outputs } = signatureOf(text);
  return (inputs, settings, mode, frozen = inputs) => {
    const lengths = lengthsIn(side, inputs);
    const listed = (tensors: Tensors): Named[] =>
      Object.entries(tensors).map(([name, x]) => ({ name, axes: axesIn(side, name, x.shape), lists: toLists(x) }));
    const own = listed(inputs);
    const others = frozen === inputs ? own : listed(frozen);
    const results: Result[] = [];
    for (const at of indices([...letters], lengths)) {
      const given = takeAll(own, at) as InputLists<Text, Letters>;
      const where = { ...at, lengths, mode, frozen: others === own ? given : takeAll(others, at) };
      const lists = define(given, settings, where as Where<Text, Letters>);
      results.push({ at, lists: lists as Result['lists'] });
    }
    const names = Object.keys(results[0]?.lists ?? {});
    return Object.fromEntries(names.map((name) => [name, joined(outputs, name, results, lengths)]));
  };
}

interface Named {
  readonly name: string;
  readonly axes: readonly Axis[];
  readonly lists: Lists;
}

/** The outputs of one call of a definition. */
interface Result {
  readonly at: Lengths;
  readonly lists: Readonly<Record<string, Lists>>;
}

const axesIn = (side: Side, name: string, { length }: Shape): readonly Axis[] =>
  termIn(side, name)?.shapes.find((axes) => axes.length === length) ?? [];

/** Yields every combination of indices. The last letter varies fastest. */
function* indices([letter, ...rest]: readonly string[], lengths: Lengths): Generator<Lengths> {
  if (letter === undefined) yield {};
  else
    for (let i = 0; i < lengths[letter]!; i++)
      for (const others of indices(rest, lengths)) yield { [letter]: i, ...others };
}

/** The index of an axis of a single letter; undefined for other axes and letters without an index. */
const indexOf = ({ letters }: Axis, at: Lengths): number | undefined =>
  letters.length === 1 ? at[letters[0]!] : undefined;

const takeAll = (tensors: readonly Named[], at: Lengths): Record<string, Lists> =>
  Object.fromEntries(tensors.map(({ name, axes, lists }) => [name, take(lists, axes, at)]));

/** Selects the part of nested lists at the given indices: one channel of [b][t][e] is [b][t]. */
function take(lists: Lists, axes: readonly Axis[], at: Lengths): Lists {
  if (axes.every((axis) => indexOf(axis, at) === undefined)) return lists;
  const [axis, ...rest] = axes as readonly [Axis, ...Axis[]];
  const rows = lists as readonly Lists[];
  const index = indexOf(axis, at);
  return index === undefined ? rows.map((row) => take(row, rest, at)) : take(rows[index]!, rest, at);
}

/** Joins one output of all calls to a tensor. */
function joined(outputs: Side, name: string, results: readonly Result[], lengths: Lengths): Tensor {
  const [first] = results as readonly [Result, ...Result[]];
  const term = termIn(outputs, name);
  if (term === undefined) throw new Error(`over: the definition gives '${name}', which is no output of the signature`);
  const inner = (axes: readonly Axis[]): Axis[] => axes.filter((axis) => indexOf(axis, first.at) === undefined);
  const depth = depthOf(first.lists[name]!);
  const axes = term.shapes.find((one) => inner(one).length === depth) ?? term.shapes[0] ?? [];
  const found = inner(axes).map((axis, level) => lengthAt(axis, first.lists[name]!, level, lengths));
  const shape = axes.map((axis) =>
    indexOf(axis, first.at) === undefined ? found.shift()! : lengths[axis.letters[0]!]!,
  );
  const data = new Float64Array(sizeOf(shape));
  const strides = stridesOf(shape);
  const put = (lists: Lists, at: Lengths, axis: number, offset: number): void => {
    if (axis === axes.length) {
      data[offset] = lists as number;
      return;
    }
    const index = indexOf(axes[axis]!, at);
    if (index !== undefined) put(lists, at, axis + 1, offset + index * strides[axis]!);
    else
      for (const [i, part] of (lists as readonly Lists[]).entries())
        put(part, at, axis + 1, offset + i * strides[axis]!);
  };
  for (const { at, lists } of results) put(lists[name]!, at, 0, 0);
  return { shape, data };
}

const depthOf = (lists: Lists | undefined): number => (typeof lists === 'object' ? 1 + depthOf(lists[0]) : 0);

/** The length of an output's axis: from the inputs' lengths if they determine it, otherwise from the list itself. */
function lengthAt(axis: Axis, lists: Lists, level: number, lengths: Lengths): number {
  if (axis.letters.every((letter) => /\d/.test(letter) || letter in lengths)) return lengthOfAxis(axis, lengths);
  let rows = lists as readonly Lists[];
  for (let i = 0; i < level; i++) rows = rows[0] as readonly Lists[];
  return rows.length;
}
