/** @file `x` repeated along new or length-1 axes */
import { apply, checkValue } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { broadcastShapes, checkShape, type Shape, sameShape, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { reshape } from './reshape.ts';
import { sum } from './sum.ts';

/** The shape to reach. */
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
  // the cotangents of all copies add up
  vjp(ct, _out, [x], { shape }) {
    const added = shape.length - x!.shape.length;
    const grown = shape.flatMap((length, i) => (i < added || x!.shape[i - added] !== length ? [i] : []));
    return [reshape(sum(ct, grown), x!.shape)];
  },
};

/**
 * `x` repeated to a larger shape, axes aligned at the right. Throws when an axis that is not 1 would change.
 * @example
 * read(broadcast(tensor([1, 2]), [2, 2])) // [1, 2, 1, 2]
 */
export function broadcast(x: Value, shape: Shape): Value {
  checkValue('broadcast', 'operand 0', x);
  return sameShape(x.shape, shape) ? x : apply(broadcastPrimitive, [x], { shape: [...shape] });
}
