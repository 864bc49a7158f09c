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
 * Whether a primitive is a product of matrices: an einsum with a summed index, each of whose operands has an index of the result that no
 * other operand has. Devices multiply a matrix and a vector in the format of sums.
 */
export function isMatrixProduct({ name }: Primitive, params: unknown): boolean {
  if (name !== 'einsum') return false;
  const { terms, letters, out } = params as EinsumParams;
  if (terms.length < 2 || letters.length === out.length) return false;
  return terms.every((term, i) =>
    [...term].some((letter) => out.includes(letter) && !terms.some((other, j) => j !== i && other.includes(letter))),
  );
}
