/** @file Primitive `sigmoid`: `1 / (1 + e^{-x})`, accurate on both tails */
import { apply } from '../apply.ts';
import { elementwiseShape, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { scale } from './scale.ts';

/**
 * What an implementation may compute by the difference 1 − σ, which loses digits where it is small: nothing, the slope
 * `σ(x) (1 − σ(x))`, or the result itself, which stands for `1 − σ(−x)`. Numbers are accurate in all cases.
 */
export interface SigmoidParams {
  readonly byDifference: 'nothing' | 'slope' | 'result';
}

export const sigmoidPrimitive: Primitive<SigmoidParams> = {
  name: 'sigmoid',
  shape: elementwiseShape,
  // σ' = σ(x) (1 − σ(x)); for large x, the difference would lose all digits of σ(−x)
  vjp(ct, out, [x], { byDifference }) {
    const complement = { byDifference: byDifference === 'slope' ? 'result' : 'nothing' } as const;
    return [mul(ct, mul(out, apply(sigmoidPrimitive, [scale(x!, -1)], complement)))];
  },
};

/**
 * `1 / (1 + e^{-x})`, accurate on both tails, elementwise.
 * @example
 * read(sigmoid(tensor([0]))) // [0.5]
 */
export function sigmoid(x: Value): Value {
  return apply(sigmoidPrimitive, [x], { byDifference: 'nothing' });
}

/**
 * {@link sigmoid} whose slope an implementation may compute by the difference 1 − σ: for `x σ(x)`, to whose slope `σ + x σ (1 − σ)` the digits
 * of a small 1 − σ add little, and for gates between a bound and 0.
 */
export function sigmoidByDifference(x: Value): Value {
  return apply(sigmoidPrimitive, [x], { byDifference: 'slope' });
}
