/** @file Primitive `sin`: sine of x in radians */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { cos } from './cos.ts';
import { mul } from './mul.ts';

export const sinPrimitive: Primitive<typeof none> = {
  name: 'sin',
  shape: elementwiseShape,
  // d sin x = cos x dx
  vjp: (ct, _out, [x]) => [mul(ct, cos(x!))],
};

/**
 * Sine of x in radians, elementwise.
 * @example
 * read(sin(tensor([0, Math.PI / 2]))) // [0, 1]
 */
export function sin(x: Value): Value {
  return apply(sinPrimitive, [x], none);
}
