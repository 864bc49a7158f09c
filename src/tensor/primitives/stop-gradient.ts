/** @file `x` itself, as a constant to differentiation */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';

export const stopGradientPrimitive: Primitive<typeof none> = {
  name: 'stopGradient',
  shape: elementwiseShape,
  // a constant has no cotangent
  vjp: () => [null],
};

/**
 * `x` itself, as a constant to differentiation.
 * @example
 * item(grad((x) => mul(stopGradient(x), x), scalar(3))) // 3
 */
export function stopGradient(x: Value): Value {
  return apply(stopGradientPrimitive, [x], none);
}
