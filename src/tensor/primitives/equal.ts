/** @file Primitive `equal`: 1 where x = y, else 0, with derivative 0 */
import { apply } from '../apply.ts';
import { type Operand, operands } from '../operand.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';

export const equalPrimitive: Primitive<typeof none> = {
  name: 'equal',
  shape: elementwiseShape,
  // constant almost everywhere
  vjp: () => [null, null],
};

/**
 * 1 where x = y, else 0, elementwise; its derivative is 0. Shapes broadcast, numbers are constants.
 * @example
 * read(equal(tensor([1, 5]), 5)) // [0, 1]
 */
export function equal(x: Operand, y: Operand): Value {
  return apply(equalPrimitive, operands('equal', x, y), none);
}
