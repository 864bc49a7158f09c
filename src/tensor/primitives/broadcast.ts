/** @file Primitive `broadcast`: repeats `x` along new axes and axes of length 1 */
import { apply, checkValue } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { broadcastShapes, checkShape, type Shape, sameShape, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { reshape } from './reshape.ts';
import { sum } from './sum.ts';

/** The shape of the result. */
export type BroadcastParams = { readonly shape: Shape };

export const broadcastPrimitive: Primitive<BroadcastParams> = {
  name: 'broadcast',
  kinds: 'same',
  shape([x], { shape }) {
    checkShape('broadcast', shape);
    if (!sameShape(broadcastShapes('broadcast', x!.shape, shape), shape)) {
      fail(`broadcast: shape ${show(x!.shape)} does not broadcast to ${show(shape)}; only axes of length 1 grow`);
    }
    return shape;
  },
  // the cotangent of an element is the sum over its copies
  vjp(ct, _out, [x], { shape }) {
    const added = shape.length - x!.shape.length;
    const grown = shape.flatMap((length, i) => (i < added || x!.shape[i - added] !== length ? [i] : []));
    return [reshape(sum(ct, grown), x!.shape)];
  },
};

/**
 * Repeats `x` to a larger shape, with axes aligned at the right. Throws when an axis would change whose length is not 1.
 * @example
 * read(broadcast(tensor([1, 2]), [2, 2])) // [1, 2, 1, 2]
 */
export function broadcast(x: Value, shape: Shape): Value {
  checkValue('broadcast', 'operand 0', x);
  return sameShape(x.shape, shape) ? x : apply(broadcastPrimitive, [x], { shape: [...shape] });
}
