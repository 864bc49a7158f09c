/** @file Primitive `scale`: c · x for a number c */
import { apply } from '../apply.ts';
import { fail } from '../errors.ts';
import { elementwiseShape, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';

/** The factor: a finite number. */
export type ScaleParams = { readonly by: number };

export const scalePrimitive: Primitive<ScaleParams> = {
  name: 'scale',
  shape: elementwiseShape,
  vjp: (ct, _out, _xs, { by }) => [scale(ct, by)],
};

/**
 * `by · x` for a number `by`. Throws when the number is not finite.
 * @example
 * read(scale(tensor([1, 2]), -2)) // [-2, -4]
 */
export const scale = (x: Value, by: number): Value => scaled('scale', x, by);

/** `by · x` for another function: errors name `call`. */
export function scaled(call: string, x: Value, by: number): Value {
  if (!Number.isFinite(by)) fail(`${call}: the factor is ${by}; a factor is a finite number`);
  return apply(scalePrimitive, [x], { by });
}
