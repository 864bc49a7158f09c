/** @file Primitive `cos`: cosine of x in radians */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { scale } from './scale.ts';
import { sin } from './sin.ts';

export const cosPrimitive: Primitive<typeof none> = {
  name: 'cos',
  shape: elementwiseShape,
  // d cos x = −sin x dx
  vjp: (ct, _out, [x]) => [mul(ct, scale(sin(x!), -1))],
};

/**
 * Cosine of x in radians, elementwise.
 * @example
 * read(cos(tensor([0, Math.PI]))) // [1, -1]
 */
export function cos(x: Value): Value {
  return apply(cosPrimitive, [x], none);
}
