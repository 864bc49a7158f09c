/** @file Primitive `select`: mask ? x : y */
import { apply, checkValue } from '../apply.ts';
import { type Operand, operands, zerosLike } from '../operand.ts';
import { elementwiseShape, none, type Primitive } from '../primitive.ts';
import { broadcastShapes } from '../shape.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';

export const selectPrimitive: Primitive<typeof none> = {
  name: 'select',
  shape: elementwiseShape,
  vjp: (ct, _out, [mask], _params, needs) => [
    null,
    needs[1] ? select(mask!, ct, zerosLike(ct)) : null,
    needs[2] ? select(mask!, zerosLike(ct), ct) : null,
  ],
};

/**
 * `x` where the mask is not 0, else `y`; shapes broadcast. It is no product with the mask, as 0 · NaN and 0 · ∞ are not 0.
 * The mask is not differentiated.
 * @example
 * read(select(tensor([1, 0]), tensor([5, 6]), 0)) // [5, 0]
 */
export function select(mask: Value, x: Operand, y: Operand): Value {
  checkValue('select', 'the mask', mask);
  const [a, b] = operands('select', x, y);
  const shape = broadcastShapes('select', mask.shape, a.shape);
  return apply(selectPrimitive, [broadcast(mask, shape), broadcast(a, shape), broadcast(b, shape)], none);
}
