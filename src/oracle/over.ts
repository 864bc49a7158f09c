/** @file Lifts a definition of one sequence, head, channel or token to whole tensors. */
import { groupOfHead } from '../../spec/state-space-duality.ts';
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
export type Where<Text extends string, Letters extends string, Gone extends string = Letters> = IndexOf<Letters> & {
  readonly lengths: IndexOf<Letters>;
  readonly mode: string;
  readonly frozen: InputLists<Text, Gone>;
};

/** The letters of a definition and those of its groups. */
type WithGroups<Letters extends string, G extends Groups> = [keyof G] extends [never]
  ? Letters
  : `${Letters}${keyof G & string}`;

/** Letters of groups, each with the letter of the heads that share them. */
export type Groups = Readonly<Record<string, string>>;

/**
 * Lifts a definition of one index per letter to whole tensors. `over('bh', 'q bhtd, … -> output bhte', define)` calls `define` at
 * every b and h with q as [t][d], and joins the outputs [t][e]. Every call gets a tensor without these letters whole. With
 * `groups` = { g: 'h' }, an input [b, g, t, n] is [t][n] as well: head h gets the row of its group.
 */
export function over<
  const Letters extends string,
  const Text extends string,
  S extends Settings,
  const G extends Groups = Readonly<Record<never, string>>,
>(
  letters: Letters,
  text: Text,
  define: (
    inputs: InputLists<Text, WithGroups<Letters, G>>,
    settings: S,
    where: Where<Text, Letters, WithGroups<Letters, G>>,
  ) => OutputLists<Text, Letters> | Partial<OutputLists<Text, Letters>>,
  groups?: G,
): Definition<S> {
  const { inputs: side, outputs } = signatureOf(text);
  const lifted = [...letters];
  const ofGroups = Object.entries(groups ?? {});
  const inInputs = [...lifted, ...ofGroups.map(([letter]) => letter)];
  /** The indices with those of the groups. */
  const grouped = (at: Lengths, lengths: Lengths): Lengths => {
    const own = ofGroups
      .filter(([letter]) => letter in lengths)
      .map(([letter, heads]) => [letter, groupOfHead(at[heads]!, lengths[heads]!, lengths[letter]!)]);
    return own.length === 0 ? at : { ...at, ...Object.fromEntries(own) };
  };
  return (inputs, settings, mode, frozen = inputs) => {
    const lengths = lengthsIn(side, inputs);
    const listed = (tensors: Tensors): Named[] =>
      Object.entries(tensors).map(([name, x]) => ({
        name,
        letters: liftedIn(axesIn(side, name, x.shape), inInputs),
        lists: toLists(x),
      }));
    const own = listed(inputs);
    const others = frozen === inputs ? own : listed(frozen);
    const results: Result[] = [];
    for (const at of indices(lifted, lengths)) {
      const all = grouped(at, lengths);
      const given = takeAll(own, all) as InputLists<Text, WithGroups<Letters, G>>;
      const where = { ...at, lengths, mode, frozen: others === own ? given : takeAll(others, all) };
      const lists = define(given, settings, where as Where<Text, Letters, WithGroups<Letters, G>>);
      results.push({ at, lists: lists as Result['lists'] });
    }
    const names = Object.keys(results[0]?.lists ?? {});
    return Object.fromEntries(names.map((name) => [name, joined(outputs, name, results, lifted, lengths)]));
  };
}

/** For each axis of a tensor the lifted letter that it has, or null. */
type LiftedAxes = readonly (string | null)[];

interface Named {
  readonly name: string;
  /** Up to the last axis with a lifted letter. */
  readonly letters: LiftedAxes;
  readonly lists: Lists;
}

/** The outputs of one call of a definition. */
interface Result {
  readonly at: Lengths;
  readonly lists: Readonly<Record<string, Lists>>;
}

const axesIn = (side: Side, name: string, { length }: Shape): readonly Axis[] =>
  termIn(side, name)?.shapes.find((axes) => axes.length === length) ?? [];

const letterOf = ({ letters: [letter, ...more] }: Axis, lifted: readonly string[]): string | null =>
  more.length === 0 && lifted.includes(letter!) ? letter! : null;

function liftedIn(axes: readonly Axis[], lifted: readonly string[]): LiftedAxes {
  const letters = axes.map((axis) => letterOf(axis, lifted));
  return letters.slice(0, letters.findLastIndex((letter) => letter !== null) + 1);
}

/** Every combination of indices. The last letter varies fastest. */
function indices([letter, ...rest]: readonly string[], lengths: Lengths): Lengths[] {
  if (letter === undefined) return [{}];
  const others = indices(rest, lengths);
  return Array.from({ length: lengths[letter]! }, (_, i) => others.map((at) => ({ [letter]: i, ...at }))).flat();
}

function takeAll(tensors: readonly Named[], at: Lengths): Record<string, Lists> {
  const taken: Record<string, Lists> = {};
  for (const { name, letters, lists } of tensors) taken[name] = take(lists, letters, at, 0);
  return taken;
}

/** Selects the part of nested lists at the given indices: one channel of [b][t][e] is [b][t]. */
function take(lists: Lists, letters: LiftedAxes, at: Lengths, axis: number): Lists {
  if (axis === letters.length) return lists;
  const letter = letters[axis]!;
  const rows = lists as readonly Lists[];
  return letter === null
    ? rows.map((row) => take(row, letters, at, axis + 1))
    : take(rows[at[letter]!]!, letters, at, axis + 1);
}

/** Joins one output of all calls to a tensor. */
function joined(
  outputs: Side,
  name: string,
  results: readonly Result[],
  lifted: readonly string[],
  lengths: Lengths,
): Tensor {
  const first = results[0]!.lists[name]!;
  const term = termIn(outputs, name);
  if (term === undefined) throw new Error(`over: the definition gives '${name}', which is no output of the signature`);
  const inner = (axes: readonly Axis[]): Axis[] => axes.filter((axis) => letterOf(axis, lifted) === null);
  const depth = depthOf(first);
  const axes = term.shapes.find((one) => inner(one).length === depth) ?? term.shapes[0] ?? [];
  const found = inner(axes).map((axis, level) => lengthAt(axis, first, level, lengths));
  const letters = axes.map((axis) => letterOf(axis, lifted));
  const shape = letters.map((letter) => (letter === null ? found.shift()! : lengths[letter]!));
  const data = new Float64Array(sizeOf(shape));
  const strides = stridesOf(shape);
  const put = (lists: Lists, at: Lengths, axis: number, offset: number): void => {
    if (axis === letters.length) {
      data[offset] = lists as number;
      return;
    }
    const [letter, stride] = [letters[axis]!, strides[axis]!];
    if (letter !== null) put(lists, at, axis + 1, offset + at[letter]! * stride);
    else {
      const rows = lists as readonly Lists[];
      for (let i = 0; i < rows.length; i++) put(rows[i]!, at, axis + 1, offset + i * stride);
    }
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
