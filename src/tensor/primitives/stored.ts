/** @file Primitive `stored`: marks a value that an implementation may keep in a coarser format */
import { apply } from '../apply.ts';
import { elementwiseShape, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';

/**
 * What the value is: a state, score or decay of a sequence model; a result; or any other value that every implementation computes, so
 * that it adds no terms of it to other sums.
 */
export type Role = 'state' | 'score' | 'decay' | 'output' | 'value';

/** The role of the value. */
export type StoredParams = { readonly role: Role };

export const storedPrimitive: Primitive<StoredParams> = {
  name: 'stored',
  shape: elementwiseShape,
  // a cotangent is kept in the format of its value
  vjp: (ct, _out, _xs, { role }) => [stored(ct, role)],
};

/**
 * Returns `x`. Executors that round, or bound roundings, may round it to the format of its role.
 * @example
 * read(stored(tensor([1, 2]), 'state')) // [1, 2]
 */
export function stored(x: Value, role: Role): Value {
  return apply(storedPrimitive, [x], { role });
}
