/** @file Clips a gradient by its global norm. */
import { fail } from '../tensor/errors.ts';
import { add } from '../tensor/primitives/add.ts';
import { maximum } from '../tensor/primitives/maximum.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { rsqrt } from '../tensor/primitives/rsqrt.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { sum } from '../tensor/primitives/sum.ts';
import { leavesOf, mapTree, type Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';

/**
 * Squared global norm of a tree: `Σ g²` over all its numbers. Throws on a tree without values.
 * @example
 * item(squaredNorm({ a: tensor([1, 2]), b: scalar(2) })) // 9
 */
export function squaredNorm(tree: Tree): Value {
  const squares = leavesOf(tree).map((g) => sum(mul(g, g)));
  if (squares.length === 0) fail('squaredNorm: the tree holds no values; there is no norm of nothing');
  return squares.reduce((total, square) => add(total, square));
}

/**
 * Multiplies a gradient by `min(1, limit / ‖g‖)`, where `‖g‖` is the norm of the whole tree. PyTorch divides by ‖g‖ + 10⁻⁶ instead.
 * Throws unless limit is a positive number.
 * @example
 * read(clipByGlobalNorm(tensor([6, 8]), 5)) // [3, 4]
 */
export function clipByGlobalNorm<T extends Tree>(gradient: T, limit: number): T {
  if (!(limit > 0)) fail(`clipByGlobalNorm: the limit is ${limit}; it is a number above 0`);
  // limit / max(‖g‖, limit) never divides by 0
  const factor = scale(rsqrt(maximum(squaredNorm(gradient), limit * limit)), limit);
  return mapTree(gradient, (g) => mul(g, factor));
}
