/** @file Primitive `softplus`: `log(1 + e^x)`, accurate on both tails */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { sigmoid } from './sigmoid.ts';

export const softplusPrimitive: Primitive<typeof none> = {
  name: 'softplus',
  shape: elementwiseShape,
  // d log(1 + e^x) = σ(x) dx
  vjp: (ct, _out, [x]) => [mul(ct, sigmoid(x!))],
};

/**
 * `log(1 + e^x)`, accurate on both tails, elementwise. PyTorch returns x where x > 20: the same number in single precision, but not
 * in double precision.
 * @example
 * read(softplus(tensor([0]))) // [Math.LN2]
 */
export function softplus(x: Value): Value {
  return apply(softplusPrimitive, [x], none);
}
