/** @file Primitive `sum`: sum over axes */
import { apply, checkValue } from '../apply.ts';
import type { Primitive } from '../primitive.ts';
import { axesOf } from '../shape.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';
import { reshape } from './reshape.ts';

/** The axes to sum over, ascending (counted from the front). The result does not have them. */
export type SumParams = { readonly axes: readonly number[] };

export const sumPrimitive: Primitive<SumParams> = {
  name: 'sum',
  shape: ([x], { axes }) => x!.shape.filter((_, i) => !axes.includes(i)),
  vjp(ct, _out, [x], { axes }) {
    const kept = x!.shape.map((length, i) => (axes.includes(i) ? 1 : length));
    return [broadcast(reshape(ct, kept), x!.shape)];
  },
};

/**
 * Sum of `x` over an axis, over several, or over all if none are given. The result does not have these axes.
 * @example
 * read(sum(tensor([[1, 2], [3, 4]]), 1)) // [3, 7]
 */
export function sum(x: Value, axes?: number | readonly number[]): Value {
  checkValue('sum', 'operand 0', x);
  const sorted = axesOf('sum', axes, x.shape);
  return sorted.length === 0 ? x : apply(sumPrimitive, [x], { axes: sorted });
}
