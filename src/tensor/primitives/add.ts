/** @file Primitive `add`: x + y */
import { apply } from '../apply.ts';
import { type Operand, operands } from '../operand.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';

export const addPrimitive: Primitive<typeof none> = {
  name: 'add',
  shape: elementwiseShape,
  vjp: (ct) => [ct, ct],
};

/**
 * `x + y`, elementwise; shapes broadcast, numbers are constants.
 * @example
 * read(add(tensor([1, 2]), 3)) // [4, 5]
 */
export function add(x: Operand, y: Operand): Value {
  return apply(addPrimitive, operands('add', x, y), none);
}
