/** @file Primitive `stopGradient`: identity with zero gradient */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';

export const stopGradientPrimitive: Primitive<typeof none> = {
  name: 'stopGradient',
  shape: elementwiseShape,
  // no cotangent: x is treated as a constant
  vjp: () => [null],
};

/**
 * Identity with zero gradient: differentiation treats the result as a constant.
 * @example
 * item(grad((x) => mul(stopGradient(x), x), scalar(3))) // 3
 */
export function stopGradient(x: Value): Value {
  return apply(stopGradientPrimitive, [x], none);
}
