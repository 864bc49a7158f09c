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

/** Whether a primitive is a matrix product: an einsum of several operands with a summed index. */
export function isMatrixProduct({ name }: Primitive, params: unknown): boolean {
  if (name !== 'einsum') return false;
  const { terms, letters, out } = params as EinsumParams;
  return terms.length > 1 && letters.length > out.length;
}
