/** @file Primitive `sign`: −1, 0 or 1, with derivative 0 */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';

export const signPrimitive: Primitive<typeof none> = {
  name: 'sign',
  shape: elementwiseShape,
  // constant almost everywhere
  vjp: () => [null],
};

/**
 * The sign of x, elementwise: −1, 0 or 1. Its derivative is 0.
 * @example
 * read(sign(tensor([-2, 0]))) // [-1, 0]
 */
export function sign(x: Value): Value {
  return apply(signPrimitive, [x], none);
}
