/** @file Primitive `minimum`: the smaller of x and y */
import { apply } from '../apply.ts';
import { firstIsLarger } from '../compare.ts';
import { type Operand, operands } from '../operand.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';

export const minimumPrimitive: Primitive<typeof none> = {
  name: 'minimum',
  shape: elementwiseShape,
  // the smaller operand gets the cotangent; equal operands get half of it each
  vjp: (ct, _out, [x, y], _params, needs) => [
    needs[0] ? mul(ct, firstIsLarger(y!, x!)) : null,
    needs[1] ? mul(ct, firstIsLarger(x!, y!)) : null,
  ],
};

/**
 * The smaller of x and y, elementwise. Where they are equal, each gets half the cotangent. Shapes broadcast, numbers are constants.
 * @example
 * read(minimum(tensor([1, 5]), 3)) // [1, 3]
 */
export function minimum(x: Operand, y: Operand): Value {
  return apply(minimumPrimitive, operands('minimum', x, y), none);
}
