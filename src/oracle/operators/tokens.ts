/** @file Operators that treat each token alone: as a whole sequence, or token by token. */

import { concat } from '../../tensor/primitives/concat.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import type { Lists, Settings, Tensor, Tensors } from '../case.ts';
import { fromLists, toLists } from '../case.ts';
import { mapValues } from '../named.ts';
import type { Program } from '../program.ts';

/** The inputs that have a token axis: those whose name does not start with a parameter's prefix. */
const isSequence = (name: string): boolean => !name.startsWith('param.');

/** Both modes of a program on sequences [b, t, ...]: all tokens at once, and one after another. */
export const tokenModes = <S extends Settings>(program: Program<S>): Record<string, Program<S>> => ({
  whole: program,
  tokenwise: (inputs, settings) => {
    const sequences = Object.keys(inputs).filter(isSequence);
    const length = inputs[sequences[0]!]!.shape[1]!;
    const steps = Array.from({ length }, (_, t) =>
      program(
        mapValues(inputs, (x, name) => (isSequence(name) ? slice(x, 1, t, t + 1) : x)),
        settings,
      ),
    );
    const outputs = Object.keys(steps[0]!);
    return Object.fromEntries(
      outputs.map((name) => [
        name,
        concat(
          steps.map((step) => step[name]!),
          1,
        ),
      ]),
    );
  },
});

/** One token's features by input name. */
export type Token = Readonly<Record<string, readonly number[]>>;

/** A definition for one token, applied to every token: its result, one list of numbers per output, as [b, t, width] each. */
export function perToken(
  inputs: Tensors,
  define: (token: Token) => Readonly<Record<string, readonly number[]>>,
): Tensors {
  const sequences = Object.entries(inputs).filter(([name]) => isSequence(name));
  const [b, t] = sequences[0]![1].shape as readonly [number, number];
  const lists = sequences.map(([name, x]) => [name, toLists(x)] as const);
  const at = (x: Lists, i: number, j: number): readonly number[] =>
    ((x as readonly Lists[])[i] as readonly Lists[])[j] as readonly number[];
  const results = Array.from({ length: b }, (_, i) =>
    Array.from({ length: t }, (_, j) => define(Object.fromEntries(lists.map(([name, x]) => [name, at(x, i, j)])))),
  );
  const outputs = Object.keys(results[0]![0]!);
  const gather = (name: string): Tensor => {
    const numbers = results.map((tokens) => tokens.map((result) => result[name]!));
    return fromLists(numbers, [b, t, numbers[0]![0]!.length]);
  };
  return Object.fromEntries(outputs.map((name) => [name, gather(name)]));
}
