/** @file Primitive `erf`: error function `2/√π ∫₀^x e^{-s²} ds` */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { scale } from './scale.ts';

export const erfPrimitive: Primitive<typeof none> = {
  name: 'erf',
  shape: elementwiseShape,
  // erf'(x) = 2/√π · e^{−x²}
  vjp: (ct, _out, [x]) => [mul(ct, scale(exp(scale(mul(x!, x!), -1)), 2 / Math.sqrt(Math.PI)))],
};

/**
 * Error function `2/√π ∫₀^x e^{-s²} ds`, elementwise.
 * @example
 * read(erf(tensor([0]))) // [0]
 */
export function erf(x: Value): Value {
  return apply(erfPrimitive, [x], none);
}
