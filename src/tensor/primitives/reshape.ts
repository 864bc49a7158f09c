/** @file Primitive `reshape`: changes the shape and keeps the elements in row-major order */
import { apply, checkValue } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { checkShape, type Shape, sameShape, show, sizeOf } from '../shape.ts';
import type { Value } from '../value.ts';

/** The shape of the result. */
export type ReshapeParams = { readonly shape: Shape };

export const reshapePrimitive: Primitive<ReshapeParams> = {
  name: 'reshape',
  kinds: 'same',
  shape([x], { shape }) {
    checkShape('reshape', shape);
    if (sizeOf(shape) !== sizeOf(x!.shape)) {
      fail(
        `reshape: ${show(x!.shape)} has ${sizeOf(x!.shape)} elements, ${show(shape)} has ${sizeOf(shape)}; they must agree`,
      );
    }
    return shape;
  },
  vjp: (ct, _out, [x]) => [reshape(ct, x!.shape)],
};

/**
 * Reshapes `x`, row-major. Throws when the number of elements would change.
 * @example
 * reshape(tensor([1, 2, 3, 4]), [2, 2]).shape // [2, 2]
 */
export function reshape(x: Value, shape: Shape): Value {
  checkValue('reshape', 'operand 0', x);
  return sameShape(x.shape, shape) ? x : apply(reshapePrimitive, [x], { shape: [...shape] });
}
