/** @file Norm of a gradient, and clipping by it. */
import { fail } from '../tensor/errors.ts';
import { abs } from '../tensor/primitives/abs.ts';
import { add } from '../tensor/primitives/add.ts';
import { div } from '../tensor/primitives/div.ts';
import { equal } from '../tensor/primitives/equal.ts';
import { maxReduce } from '../tensor/primitives/max-reduce.ts';
import { maximum } from '../tensor/primitives/maximum.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { reciprocal } from '../tensor/primitives/reciprocal.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { select } from '../tensor/primitives/select.ts';
import { sum } from '../tensor/primitives/sum.ts';
import { sizeOf } from '../tensor/shape.ts';
import { leavesOf, mapTree, type Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import { squareRoot } from './square-root.ts';

/** A gradient that was clipped, and its norm before. */
export interface Clipped<T extends Tree> {
  readonly gradient: T;
  readonly norm: Value;
}

/**
 * Squared global norm of a tree: `Σ g²` over all its numbers. It overflows where the squares do; {@link globalNorm} does not. Throws
 * on a tree without values.
 * @example
 * item(squaredNorm({ a: tensor([1, 2]), b: scalar(2) })) // 9
 */
export function squaredNorm(tree: Tree): Value {
  const squares = leavesOf(tree).map((g) => sum(mul(g, g)));
  if (squares.length === 0) fail('squaredNorm: the tree holds no values; there is no norm of nothing');
  return squares.reduce((total, square) => add(total, square));
}

/** The global norm as a product: `largest` is max |g|, or 1 where all numbers are 0, and `relative` is ‖g / largest‖. */
function normOf(call: string, tree: Tree): { largest: Value; relative: Value } {
  const leaves = leavesOf(tree).filter((g) => sizeOf(g.shape) > 0);
  if (leaves.length === 0) fail(`${call}: the tree holds no numbers; there is no norm of nothing`);
  const most = leaves.map((g) => maxReduce(reshape(abs(g), [sizeOf(g.shape)]), 0)).reduce((a, b) => maximum(a, b));
  const largest = select(equal(most, 0), 1, most);
  return { largest, relative: squareRoot(squaredNorm(leaves.map((g) => div(g, largest)))) };
}

/**
 * Global norm of a tree: `√Σ g²` over all its numbers. The numbers are divided by the largest first, so that squares neither overflow
 * nor underflow. Throws on a tree without numbers.
 * @example
 * item(globalNorm({ a: tensor([3e200]), b: scalar(4e200) })) // 5e200
 */
export function globalNorm(tree: Tree): Value {
  const { largest, relative } = normOf('globalNorm', tree);
  return mul(largest, relative);
}

/**
 * Clips a gradient, and returns its norm before: see {@link clipByGlobalNorm}. A gradient that holds a NaN or an infinity becomes NaN,
 * as does its norm.
 * @example
 * item(clipped(tensor([6, 8]), 5).norm) // 10
 */
export function clipped<T extends Tree>(gradient: T, limit: number, epsilon = 0): Clipped<T> {
  if (!(limit > 0)) fail(`clipByGlobalNorm: the limit is ${limit}; it is a number above 0`);
  const { largest, relative } = normOf('clipByGlobalNorm', gradient);
  const norm = mul(largest, relative);
  const isShort = equal(maximum(add(norm, epsilon), limit), limit);
  // limit / ‖g‖ may underflow where g · limit / ‖g‖ does not
  const divisor = epsilon === 0 ? relative : add(relative, scale(reciprocal(largest), epsilon));
  const factor = div(limit, divisor);
  return { norm, gradient: mapTree(gradient, (g) => select(isShort, g, mul(div(g, largest), factor))) };
}

/**
 * Multiplies a gradient by `min(1, limit / (‖g‖ + ε))`, where `‖g‖` is the norm of the whole tree, which no square overflows. PyTorch has
 * the epsilon 10⁻⁶; here it is 0 unless given. Throws unless limit is a positive number.
 * @example
 * read(clipByGlobalNorm(tensor([6, 8]), 5)) // [3, 4]
 */
export const clipByGlobalNorm = <T extends Tree>(gradient: T, limit: number, epsilon = 0): T =>
  clipped(gradient, limit, epsilon).gradient;
