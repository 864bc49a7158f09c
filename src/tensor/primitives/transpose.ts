/** @file Primitive `transpose`: permutes axes */
import { apply, checkValue } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { show } from '../shape.ts';
import type { Value } from '../value.ts';

/** The permutation: axis `order[i]` of x becomes axis i. */
export type TransposeParams = { readonly order: readonly number[] };

export const transposePrimitive: Primitive<TransposeParams> = {
  name: 'transpose',
  kinds: 'same',
  shape([x], { order }) {
    const { shape } = x!;
    if (order.length !== shape.length || [...order].sort((a, b) => a - b).some((axis, i) => axis !== i)) {
      fail(
        `transpose: order ${show(order)} is not a permutation of the axes of ${show(shape)}; name each of ${show([...shape.keys()])} once`,
      );
    }
    return order.map((axis) => shape[axis]!);
  },
  vjp(ct, _out, _xs, { order }) {
    const inverse = order.map((_, i) => order.indexOf(i));
    return [transpose(ct, inverse)];
  },
};

/**
 * Permutes the axes of `x`: axis i of the result is axis `order[i]` of `x`.
 * @example
 * read(transpose(tensor([[1, 2], [3, 4]]), [1, 0])) // [1, 3, 2, 4]
 */
export function transpose(x: Value, order: readonly number[]): Value {
  checkValue('transpose', 'operand 0', x);
  return order.every((axis, i) => axis === i) && order.length === x.shape.length
    ? x
    : apply(transposePrimitive, [x], { order: [...order] });
}
