/** @file The l2 norm of queries and keys, in its two conventions. */
import { firstIsLarger } from '../tensor/compare.ts';
import { filledLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { rsqrt } from '../tensor/primitives/rsqrt.ts';
import { select } from '../tensor/primitives/select.ts';
import { sum } from '../tensor/primitives/sum.ts';
import type { Value } from '../tensor/value.ts';

/** How vectors get length 1: not at all, by `max(|x|, ε)`, or by `√(Σ x² + ε)`. */
export type LengthNorm = 'none' | 'max' | 'sum';

/**
 * Divides `x` by its length over the last axis, as `norm` says: `x / max(|x|, ε)` or `x / √(Σ x² + ε)`.
 * @example
 * read(unitLength(tensor([3, 4]), 'max', 1e-12)) // [0.6000000000000001, 0.8]
 */
export function unitLength(x: Value, norm: LengthNorm, epsilon: number): Value {
  if (norm === 'none') return x;
  const square = reshape(sum(mul(x, x), [x.shape.length - 1]), [...x.shape.slice(0, -1), 1]);
  if (norm === 'sum') return mul(x, rsqrt(add(square, epsilon)));
  const isLong = firstIsLarger(square, filledLike(square, epsilon * epsilon, square.shape));
  return mul(x, select(isLong, rsqrt(select(isLong, square, 1)), 1 / epsilon));
}
