/** @file Tells which primitives round, and which are matrix products, for executors with several formats. */
import type { Primitive } from '../../tensor/primitive.ts';
import type { EinsumParams } from '../../tensor/primitives/einsum.ts';

/** Primitives that move, choose or mark numbers, and compute none. */
const movements: ReadonlySet<string> = new Set([
  'abs',
  'broadcast',
  'concat',
  'equal',
  'gather',
  'maximum',
  'maxReduce',
  'minimum',
  'pad',
  'reshape',
  'select',
  'sign',
  'site',
  'slice',
  'stopGradient',
  'stored',
  'transpose',
]);

/** Whether a primitive computes new numbers, which an implementation rounds. */
export const computes = ({ name }: Primitive): boolean => !movements.has(name);

/**
 * Whether a primitive is a product of matrices: an einsum with a summed index, two of whose operands have each an index of the result that
 * the other lacks. More operands scale these two. Devices multiply a matrix and a vector in the format of sums.
 */
export function isMatrixProduct({ name }: Primitive, params: unknown): boolean {
  if (name !== 'einsum') return false;
  const { terms, letters, out } = params as EinsumParams;
  if (terms.length < 2 || letters.length === out.length) return false;
  const hasOwn = (term: string, other: string): boolean =>
    [...term].some((letter) => out.includes(letter) && !other.includes(letter));
  return terms.some((term, i) => terms.slice(i + 1).some((other) => hasOwn(term, other) && hasOwn(other, term)));
}
