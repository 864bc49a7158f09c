/** @file Bounds tensors to which workers add parts in the type of the answer, in any order, as atomic additions do. */
import { roundingOf } from '../../../executors/bounded/rounding.ts';
import type { Format } from '../../../executors/profiles/format.ts';
import { didYouMean } from '../../../tensor/names.ts';
import type { Atomic } from '../../backends/backend.ts';
import type { Case } from '../../case.ts';
import type { Operator } from '../../operator.ts';
import { lengthsIn, type Side, termIn } from '../../signature.ts';

/** The side of a signature and the name of a tensor of an answer, `out/…` or `grad/…`. */
function sideOf({ signature }: Operator, tensor: string): { readonly side: Side; readonly name: string } | null {
  if (tensor.startsWith('out/')) return { side: signature.outputs, name: tensor.slice('out/'.length) };
  if (tensor.startsWith('grad/')) return { side: signature.inputs, name: tensor.slice('grad/'.length) };
  return null;
}

const lettersOf = (side: Side, name: string): readonly string[] =>
  termIn(side, name)?.shapes.flatMap((axes) => axes.flatMap(({ letters }) => letters)) ?? [];

/** How many parts are added to each number of a tensor: one for each entry of the axes. A group has those of its own heads. */
export function partsIn(operator: Operator, { inputs }: Case, tensor: string, axes: string): number {
  const { groups = {}, signature } = operator;
  const lengths = lengthsIn(signature.inputs, inputs);
  const { side, name } = sideOf(operator, tensor)!;
  const own = lettersOf(side, name);
  return [...axes].reduce((parts, letter) => {
    const group = own.find((one) => groups[one] === letter);
    return (parts * (lengths[letter] ?? 1)) / (group === undefined ? 1 : (lengths[group] ?? 1));
  }, 1);
}

/**
 * The bounds of numbers to which parts are added one by one: each part is rounded to the format, and so is each sum, the first one with
 * what was there before. `errors` bound the parts together; `sizes` are `Σ |term|` of each number, at least that of its parts. The error of a
 * sum of n numbers, one by one, is at most (n − 1) u Σ |number|, for every n (Jeannerod and Rump, 2013, doi 10.1137/120894488).
 */
export function boundsOfParts(format: Format, errors: Float64Array, sizes: Float64Array, parts: number): Float64Array {
  const { unit, within } = roundingOf(format);
  const roundings = parts + 1;
  return errors.map((e, i) => {
    const size = sizes[i]! + e;
    return size === 0 ? 0 : within(size, e + roundings * (unit * (1 + unit) * size + format.tiny));
  });
}

/** Sentences about tensors and axes in a declaration that the operator does not have. */
export function unknownAtomic(operator: Operator, atomic: Atomic): string[] {
  const { signature } = operator;
  const tensors = [
    ...signature.outputs.map(({ pattern }) => `out/${pattern}`),
    ...signature.inputs.map(({ pattern }) => `grad/${pattern}`),
  ];
  const letters = [...new Set(signature.inputs.flatMap(({ pattern }) => lettersOf(signature.inputs, pattern)))];
  return Object.entries(atomic).flatMap(([tensor, axes]) => {
    const where = `it declares atomic additions to '${tensor}' of ${operator.name}`;
    const of = sideOf(operator, tensor);
    if (of === null || termIn(of.side, of.name) === undefined)
      return [`${where}, which is not known${didYouMean(tensor, tensors)}; known are ${tensors.join(', ')}`];
    const own = lettersOf(of.side, of.name);
    return [...axes].flatMap((letter) => {
      if (own.includes(letter))
        return [`${where} along ${letter}, which is an axis of it; name the axes that are summed`];
      if (letters.includes(letter)) return [];
      return [`${where} along ${letter}, which is no axis; known are ${letters.join(', ')} (${signature.text})`];
    });
  });
}
