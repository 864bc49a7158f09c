/** @file Gradient checkpointing: the backward pass recomputes part of the computation instead of keeping its intermediates. */
import type { Tree } from '../tensor/tree.ts';
import { vjp } from './vjp.ts';
import { withPullback } from './with-pullback.ts';

/**
 * Computes `f(xs)`. A surrounding gradient call keeps only the inputs. Pass every differentiated value in `xs`: throws when `f`
 * closes over a value of the gradient call.
 * @example
 * item(grad((x) => checkpoint((y) => mul(y, y), x), scalar(3))) // 6
 */
export function checkpoint<X extends Tree, Y extends Tree>(f: (xs: X) => Y, xs: X): Y {
  return withPullback({ call: 'checkpoint', f, pullback: (primals, _ys, cts) => vjp(f, primals).pullback(cts) }, xs);
}
