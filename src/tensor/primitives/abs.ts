/** @file Primitive `abs`: `|x|`, with derivative 0 at 0 */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { sign } from './sign.ts';

export const absPrimitive: Primitive<typeof none> = {
  name: 'abs',
  shape: elementwiseShape,
  // d|x| = sign(x) dx
  vjp: (ct, _out, [x]) => [mul(ct, sign(x!))],
};

/**
 * `|x|`, elementwise; its derivative at 0 is 0.
 * @example
 * read(abs(tensor([-2, 3]))) // [2, 3]
 */
export function abs(x: Value): Value {
  return apply(absPrimitive, [x], none);
}
