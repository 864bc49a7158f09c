/** @file Changes the length of an axis of a case, by the signature's letter. */
import { type Shape, sizeOf, stridesOf } from '../../../tensor/shape.ts';
import { settingsFor } from '../../batches/batched.ts';
import type { Case, Settings, Tensor, Tensors } from '../../case.ts';
import type { Operator } from '../../operator.ts';
import { type Lengths, lengthOfAxis, lengthsIn, type Side, termIn } from '../../signature.ts';

/** How to fill positions beyond the old length: with zeros, or with the old numbers again. */
export type Fill = 'zeros' | 'again';

/** The lengths of the letters in a case. */
export const lengthsOf = (operator: Operator, c: Case): Lengths => lengthsIn(operator.signature.inputs, c.inputs);

/** Whether the groups of a case divide its heads. */
const areGrouped = ({ groups = {} }: Operator, lengths: Lengths): boolean =>
  Object.entries(groups).every(
    ([letter, heads]) => lengths[letter] === undefined || lengths[heads]! % lengths[letter] === 0,
  );

/**
 * Gives an axis another length in every input and cotangent, and in settings with an entry per head. Returns null if the case has no
 * such axis, if its shapes do not follow from the signature, or if groups would not divide heads.
 */
export function resized(
  operator: Operator,
  c: Case,
  letter: string,
  length: number,
  fill: Fill = 'again',
): Case | null {
  const lengths = lengthsOf(operator, c);
  if (lengths[letter] === undefined) return null;
  const changed = { ...lengths, [letter]: length };
  if (!areGrouped(operator, changed)) return null;
  const side = (terms: Side, tensors: Tensors): Tensors | null => {
    const entries = Object.entries(tensors).map(([name, x]) => [name, resizedTensor(terms, name, x, changed, fill)]);
    return entries.some(([, x]) => x === null) ? null : Object.fromEntries(entries);
  };
  const inputs = side(operator.signature.inputs, c.inputs);
  const cotangents = side(operator.signature.outputs, c.cotangents);
  if (inputs === null || cotangents === null) return null;
  const own = operator.laws.heads === letter ? headsIn(operator, c.settings, length) : c.settings;
  const settings = settingsFor(operator, own, changed);
  return { ...c, inputs, cotangents, settings };
}

/** Settings with a list per head, for another number of heads. */
function headsIn({ laws }: Operator, settings: Settings, heads: number): Settings {
  const own = (laws.headSettings ?? []).flatMap((name): [string, unknown][] => {
    const list = settings[name];
    return Array.isArray(list) ? [[name, Array.from({ length: heads }, (_, i) => list[i % list.length])]] : [];
  });
  return { ...settings, ...Object.fromEntries(own) };
}

function resizedTensor(terms: Side, name: string, x: Tensor, lengths: Lengths, fill: Fill): Tensor | null {
  const term = termIn(terms, name);
  if (term === undefined) return null;
  if (term.shapes.length === 0) return x;
  const axes = term.shapes.find((one) => one.length === x.shape.length);
  if (axes === undefined) return null;
  if (axes.some(({ letters }) => letters.some((one) => lengths[one] === undefined && Number.isNaN(Number(one))))) {
    return x;
  }
  return gathered(
    x,
    axes.map((axis) => lengthOfAxis(axis, lengths)),
    fill,
  );
}

function gathered(x: Tensor, shape: Shape, fill: Fill): Tensor {
  if (sizeOf(shape) > 0 && sizeOf(x.shape) === 0) return { ...x, shape, data: new Float64Array(sizeOf(shape)) };
  const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    let at = 0;
    for (const [axis, length] of shape.entries()) {
      const position = Math.floor(i / to[axis]!) % length;
      if (fill === 'zeros' && position >= x.shape[axis]!) return 0;
      at += (position % x.shape[axis]!) * from[axis]!;
    }
    return x.data[at]!;
  });
  return { ...x, shape, data };
}
