/** @file Primitive `log`: natural logarithm of x */
import { apply } from '../apply.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { div } from './div.ts';

export const logPrimitive: Primitive<typeof none> = {
  name: 'log',
  shape: elementwiseShape,
  // d log x = dx / x
  vjp: (ct, _out, [x]) => [div(ct, x!)],
};

/**
 * Natural logarithm of x, elementwise.
 * @example
 * read(log(tensor([1]))) // [0]
 */
export function log(x: Value): Value {
  return apply(logPrimitive, [x], none);
}
