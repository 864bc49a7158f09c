/** @file Primitive `mul`: x · y */
import { apply } from '../apply.ts';
import { type Operand, operands } from '../operand.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { scaled } from './scale.ts';

export const mulPrimitive: Primitive<typeof none> = {
  name: 'mul',
  shape: elementwiseShape,
  vjp: (ct, _out, [x, y], _params, needs) => [needs[0] ? mul(ct, y!) : null, needs[1] ? mul(ct, x!) : null],
};

/**
 * `x · y`, elementwise (the paper's ⊙); shapes broadcast, a number is a finite factor.
 * @example
 * read(mul(tensor([1, 2]), tensor([3, 4]))) // [3, 8]
 */
export function mul(x: Operand, y: Operand): Value {
  if (typeof y === 'number' && typeof x !== 'number') return scaled('mul', x, y);
  if (typeof x === 'number' && typeof y !== 'number') return scaled('mul', y, x);
  return apply(mulPrimitive, operands('mul', x, y), none);
}
