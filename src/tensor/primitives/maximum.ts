/** @file Primitive `maximum`: the larger of x and y */
import { apply } from '../apply.ts';
import { firstIsLarger } from '../compare.ts';
import { type Operand, operands } from '../operand.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';

export const maximumPrimitive: Primitive<typeof none> = {
  name: 'maximum',
  shape: elementwiseShape,
  // the larger operand gets the cotangent; equal operands get half of it each
  vjp: (ct, _out, [x, y], _params, needs) => [
    needs[0] ? mul(ct, firstIsLarger(x!, y!)) : null,
    needs[1] ? mul(ct, firstIsLarger(y!, x!)) : null,
  ],
};

/**
 * The larger of x and y, elementwise. Where they are equal, each gets half the cotangent. Shapes broadcast, numbers are constants.
 * @example
 * read(maximum(tensor([1, 5]), 3)) // [3, 5]
 */
export function maximum(x: Operand, y: Operand): Value {
  return apply(maximumPrimitive, operands('maximum', x, y), none);
}
