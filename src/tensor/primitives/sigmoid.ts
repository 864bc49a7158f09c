/** @file Primitive `sigmoid`: `1 / (1 + e^{-x})`, accurate on both tails */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { scale } from './scale.ts';

export const sigmoidPrimitive: Primitive<typeof none> = {
  name: 'sigmoid',
  shape: elementwiseShape,
  // σ' = σ(x) σ(−x); for large x, 1 − σ(x) would lose all digits
  vjp: (ct, out, [x]) => [mul(ct, mul(out, sigmoid(scale(x!, -1))))],
};

/**
 * `1 / (1 + e^{-x})`, accurate on both tails, elementwise.
 * @example
 * read(sigmoid(tensor([0]))) // [0.5]
 */
export function sigmoid(x: Value): Value {
  return apply(sigmoidPrimitive, [x], none);
}
