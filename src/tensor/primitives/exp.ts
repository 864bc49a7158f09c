/** @file Primitive `exp`: `e^x` */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';

export const expPrimitive: Primitive<typeof none> = {
  name: 'exp',
  shape: elementwiseShape,
  // d e^x = e^x dx
  vjp: (ct, out) => [mul(ct, out)],
};

/**
 * `e^x`, elementwise.
 * @example
 * read(exp(tensor([0]))) // [1]
 */
export function exp(x: Value): Value {
  return apply(expPrimitive, [x], none);
}
