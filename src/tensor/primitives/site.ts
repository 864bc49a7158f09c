/** @file Primitive `site`: names an intermediate value, for hooks */
import { apply } from '../apply.ts';
import { elementwiseShape, type Primitive } from '../primitive.ts';
import { isWatched, type Value } from '../value.ts';
import { stored } from './stored.ts';

/** The name of the site, such as `layers.0.query`. `isOpen`: an implementation need not compute it, so it leaves the order of sums free. */
export type SiteParams = { readonly name: string; readonly isOpen?: true };

export const sitePrimitive: Primitive<SiteParams> = {
  name: 'site',
  shape: elementwiseShape,
  // every implementation computes the value, and its gradient
  vjp: (ct, _out, _xs, { isOpen }) => [isOpen ? ct : stored(ct, 'value')],
};

/**
 * Returns `x` and names it, as a site (a named intermediate value). Executors can round, record or report values at sites.
 * @example
 * read(site(tensor([1, 2]), 'query')) // [1, 2]
 */
export function site(x: Value, name: string): Value {
  return apply(sitePrimitive, [x], { name });
}

/**
 * Returns `x`, and names it where an executor watches: an intermediate that kernels may return beside their results. On all other executors it is
 * `x` itself, and costs nothing.
 */
export const tapped = (x: Value, name: string): Value =>
  isWatched(x) ? apply(sitePrimitive, [x], { name, isOpen: true }) : x;
