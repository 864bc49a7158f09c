/** @file Primitive `maxReduce`: the largest element along one axis */
import { apply, checkValue } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { axisOf, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { sum } from './sum.ts';

/** The axis to reduce (counted from the front). The result does not have it. */
export type MaxReduceParams = { readonly axis: number };

export const maxReducePrimitive: Primitive<MaxReduceParams> = {
  name: 'maxReduce',
  shape([x], { axis }) {
    if (x!.shape[axis] === 0) fail(`maxReduce: axis ${axis} of ${show(x!.shape)} is empty; nothing is largest there`);
    return x!.shape.filter((_, i) => i !== axis);
  },
  // several largest elements get equal parts of the cotangent
  vjp(ct, out, [x], { axis }) {
    const kept = x!.shape.map((length, i) => (i === axis ? 1 : length));
    const largest = equal(x!, broadcast(reshape(out, kept), x!.shape));
    const share = div(ct, sum(largest, [axis]));
    return [mul(largest, broadcast(reshape(share, kept), x!.shape))];
  },
};

/**
 * The largest element along an axis. The result does not have the axis. Throws when the axis is empty.
 * @example
 * read(maxReduce(tensor([[1, 2], [4, 3]]), 1)) // [2, 4]
 */
export function maxReduce(x: Value, axis: number): Value {
  checkValue('maxReduce', 'operand 0', x);
  return apply(maxReducePrimitive, [x], { axis: axisOf('maxReduce', axis, x.shape) });
}
