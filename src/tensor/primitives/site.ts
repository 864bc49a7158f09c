/** @file A named intermediate value, for hooks */
import { apply } from '../apply.ts';
import { elementwiseShape, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';

/** The site's name, as in `layers.0.query`. */
export type SiteParams = { readonly name: string };

export const sitePrimitive: Primitive<SiteParams> = {
  name: 'site',
  shape: elementwiseShape,
  vjp: (ct) => [ct],
};

/**
 * `x` itself as a site, a named intermediate value: executors may round, record or report it there.
 * @example
 * read(site(tensor([1, 2]), 'query')) // [1, 2]
 */
export function site(x: Value, name: string): Value {
  return apply(sitePrimitive, [x], { name });
}
