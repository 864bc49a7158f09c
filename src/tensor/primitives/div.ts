/** @file Primitive `div`: x / y */
import { apply } from '../apply.ts';
import { fail } from '../errors.ts';
import { type Operand, operands } from '../operand.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { scale } from './scale.ts';

export const divPrimitive: Primitive<typeof none> = {
  name: 'div',
  shape: elementwiseShape,
  // d(x/y) = (dx − (x/y) dy) / y
  vjp(ct, out, [_x, y], _params, needs) {
    const share = div(ct, y!);
    return [needs[0] ? share : null, needs[1] ? scale(mul(share, out), -1) : null];
  },
};

/**
 * `x / y`, elementwise, rounded once; shapes broadcast, numbers are constants. Throws where the divisor is the number 0, ∞ or NaN.
 * @example
 * read(div(tensor([6, 8]), 2)) // [3, 4]
 */
export function div(x: Operand, y: Operand): Value {
  if (typeof y === 'number' && !(Number.isFinite(y) && y !== 0)) {
    fail(`div: the divisor is ${y}; a divisor is a finite number other than 0`);
  }
  return apply(divPrimitive, operands('div', x, y), none);
}
