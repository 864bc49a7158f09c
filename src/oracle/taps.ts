/** @file The taps of a mode: intermediates that a backend may return beside its results, with their axes. */
import type { Shape } from '../tensor/shape.ts';
import type { Case, Settings } from './case.ts';
import type { Operator } from './operator.ts';
import { axesOf, type Lengths, lengthOfAxis, lengthsIn } from './signature.ts';

/** A tap of a mode on a case. */
export interface Tap {
  readonly name: string;
  /** The letters of its axes, in the format of reports. */
  readonly letters: readonly string[];
  readonly shape: Shape;
  /** The axis of the tap that each axis in the program is. */
  readonly order: readonly number[];
  /** The axis in the program along which steps follow each other; −1 if it is computed at once. */
  readonly along: number;
}

/** The letters in the program, and those of the tap. */
export function lettersOfTap(text: string): { readonly inProgram: string; readonly own: string } {
  const [inProgram, own = inProgram] = text.split(' -> ') as [string, string?];
  return { inProgram, own };
}

/** Returns the taps of a mode on a case, by name; none in a batch of sequences of unequal lengths. */
export function tapsOf(operator: Operator, mode: string, { inputs, settings }: Case): Readonly<Record<string, Tap>> {
  const declared = operator.batched === undefined ? (operator.taps?.[mode] ?? {}) : {};
  const entries = Object.entries(declared);
  if (entries.length === 0) return {};
  const lengths = withChunks(lengthsIn(operator.signature.inputs, inputs), settings);
  return Object.fromEntries(entries.map(([name, text]) => [name, tapOf(name, text, lengths)]));
}

/** Where the signature has no letter for the token that is read, it is one of the sequence. */
const withChunks = (lengths: Lengths, { chunkSize }: Settings): Lengths => ({
  s: lengths.t!,
  ...lengths,
  c: typeof chunkSize === 'number' ? Math.ceil(lengths.t! / chunkSize) : 1,
});

function tapOf(name: string, text: string, lengths: Lengths): Tap {
  const { inProgram, own } = lettersOfTap(text);
  const [axes, before] = [own, inProgram].map((letters) =>
    axesOf(letters).map((axis) => ({ axis, letters: axis.letters.join(axis.join === 'sum' ? '+' : '·') })),
  ) as [AxisOfTap[], AxisOfTap[]];
  const letters = axes.map((one) => one.letters);
  const names = before.map((one) => one.letters);
  return {
    name,
    letters,
    shape: axes.map(({ axis }) => lengthOfAxis(axis, lengths)),
    order: names.map((letter) => letters.indexOf(letter)),
    along: names.indexOf(names.includes('c') ? 'c' : 't'),
  };
}

interface AxisOfTap {
  readonly axis: ReturnType<typeof axesOf>[number];
  readonly letters: string;
}
