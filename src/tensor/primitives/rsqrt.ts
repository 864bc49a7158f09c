/** @file Primitive `rsqrt`: `1 / √x` */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { scale } from './scale.ts';

export const rsqrtPrimitive: Primitive<typeof none> = {
  name: 'rsqrt',
  shape: elementwiseShape,
  // d x^{−1/2} = −½ x^{−3/2} dx; x^{−3/2} may overflow or underflow where its product with the cotangent does not
  vjp: (ct, out) => [scale(mul(mul(mul(ct, out), out), out), -0.5)],
};

/**
 * `1 / √x`, elementwise.
 * @example
 * read(rsqrt(tensor([4]))) // [0.5]
 */
export function rsqrt(x: Value): Value {
  return apply(rsqrtPrimitive, [x], none);
}
