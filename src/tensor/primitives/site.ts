/** @file a name for a place in a computation */
import { apply } from '../apply.ts';
import { elementwiseShape, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';

/** The place's name, as in `layers.0.query`. */
export type SiteParams = { readonly name: string };

export const sitePrimitive: Primitive<SiteParams> = {
  name: 'site',
  shape: elementwiseShape,
  vjp: (ct) => [ct],
};

/**
 * `x` itself, at a named place: executors may round, record or report there.
 * @example
 * read(site(tensor([1, 2]), 'query')) // [1, 2]
 */
export function site(x: Value, name: string): Value {
  return apply(sitePrimitive, [x], { name });
}
