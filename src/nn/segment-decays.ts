/** @file Matrix of products of decays from each token to each later token: the "segment sum", without logarithms. */
import { constantLike, zerosLike } from '../tensor/operand.ts';
import { broadcast } from '../tensor/primitives/broadcast.ts';
import { linearScan } from '../tensor/primitives/linear-scan.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { stored } from '../tensor/primitives/stored.ts';
import type { Value } from '../tensor/value.ts';

/**
 * `L[t, s] = Π_{s<i≤t} a_i` for s ≤ t, else 0, for decays `a` along a time axis. Axis s follows axis t.
 *
 * Other implementations take exp of a difference of sums of logarithms. That difference is rounded and may exceed 0. After a reset
 * it is ∞ − ∞. Above the diagonal it is positive: exp overflows before the mask, and the gradient contains 0 · ∞ = NaN. Products
 * avoid this: a product of decays ≤ 1 never exceeds 1, and a reset is a factor 0.
 * @example
 * read(segmentDecays(tensor([0.5, 0.25, 2]), 0)) // [1, 0, 0, 0.25, 1, 0, 0.5, 2, 1]
 */
export function segmentDecays(a: Value, axis: number): Value {
  const [before, after] = [a.shape.slice(0, axis), a.shape.slice(axis + 1)];
  const t = a.shape[axis]!;
  const shape = [...before, t, t, ...after];
  const decays = broadcast(reshape(a, [...before, t, 1, ...after]), shape);
  const ones = Float64Array.from({ length: t * t }, (_, i) => (i % (t + 1) === 0 ? 1 : 0));
  const diagonal = broadcast(constantLike(a, ones, [t, t, ...after.map(() => 1)]), shape);
  return stored(linearScan(decays, diagonal, zerosLike(a, [...before, t, ...after]), axis), 'decay');
}
