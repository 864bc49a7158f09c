/** @file Primitive `erfc`: complementary error function `1 − erf x`, accurate in its tail */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { scale } from './scale.ts';

export const erfcPrimitive: Primitive<typeof none> = {
  name: 'erfc',
  shape: elementwiseShape,
  // erfc'(x) = −2/√π · e^{−x²}
  vjp: (ct, _out, [x]) => [mul(ct, scale(exp(scale(mul(x!, x!), -1)), -2 / Math.sqrt(Math.PI)))],
};

/**
 * Complementary error function `1 − erf x = 2/√π ∫ₓ^∞ e^{-s²} ds`, elementwise. Where it is tiny, it keeps the digits that `1 − erf x`
 * loses.
 * @example
 * read(erfc(tensor([0]))) // [1]
 */
export function erfc(x: Value): Value {
  return apply(erfcPrimitive, [x], none);
}
