/** @file Primitive `expm1`: `e^x − 1`, accurate near 0 */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';

export const expm1Primitive: Primitive<typeof none> = {
  name: 'expm1',
  shape: elementwiseShape,
  // d (e^x − 1) = e^x dx; for negative x, adding 1 to the result would lose all digits
  vjp: (ct, _out, [x]) => [mul(ct, exp(x!))],
};

/**
 * `e^x − 1`, accurate near 0, elementwise.
 * @example
 * read(expm1(tensor([0, 1e-20]))) // [0, 1e-20]
 */
export function expm1(x: Value): Value {
  return apply(expm1Primitive, [x], none);
}
