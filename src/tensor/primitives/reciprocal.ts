/** @file Primitive `reciprocal`: `1 / x` */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { scale } from './scale.ts';

export const reciprocalPrimitive: Primitive<typeof none> = {
  name: 'reciprocal',
  shape: elementwiseShape,
  // d(1/x) = −dx / x²; x² may overflow or underflow where the quotient does not
  vjp: (ct, out) => [scale(mul(mul(ct, out), out), -1)],
};

/**
 * `1 / x`, elementwise.
 * @example
 * read(reciprocal(tensor([4]))) // [0.25]
 */
export function reciprocal(x: Value): Value {
  return apply(reciprocalPrimitive, [x], none);
}
