/** @file Defines small functions composed of primitives: neg, sub, mean, meanKeep, matmul, at, stack, chunks. */
import { checkValue } from './apply.ts';
import { fail } from './errors.ts';
import { type Operand, operands } from './operand.ts';
import { add } from './primitives/add.ts';
import { broadcast } from './primitives/broadcast.ts';
import { concat } from './primitives/concat.ts';
import { div } from './primitives/div.ts';
import { einsum } from './primitives/einsum.ts';
import { reshape } from './primitives/reshape.ts';
import { scale } from './primitives/scale.ts';
import { slice } from './primitives/slice.ts';
import { sum } from './primitives/sum.ts';
import { axesOf, axisOf, broadcastShapes, type Shape, sameShape, show } from './shape.ts';
import type { Value } from './value.ts';

/**
 * `-x`, elementwise.
 * @example
 * read(neg(tensor([1, -2]))) // [-1, 2]
 */
export const neg = (x: Value): Value => scale(x, -1);

/**
 * `x − y`, elementwise; shapes broadcast, numbers are constants.
 * @example
 * read(sub(tensor([5, 6]), 1)) // [4, 5]
 */
export function sub(x: Operand, y: Operand): Value {
  const [a, b] = operands('sub', x, y);
  return add(a, neg(b));
}

/**
 * Mean of `x` over one axis. The axis keeps length 1, so that the result broadcasts against `x`.
 * @example
 * read(meanKeep(tensor([[1, 3], [4, 6]]), -1)) // [2, 5]
 */
export function meanKeep(x: Value, axis: number): Value {
  checkValue('meanKeep', 'operand 0', x);
  const at = axisOf('meanKeep', axis, x.shape);
  if (x.shape[at] === 0) fail(`meanKeep: axis ${at} of ${show(x.shape)} is empty; nothing has a mean there`);
  const kept = x.shape.map((length, i) => (i === at ? 1 : length));
  return div(reshape(sum(x, [at]), kept), x.shape[at]!);
}

/**
 * Mean of `x` over an axis, over several, or over all if none are given. The result does not have these axes. Throws where they are empty.
 * @example
 * read(mean(tensor([[1, 3], [4, 6]]), 1)) // [2, 5]
 */
export function mean(x: Value, axes?: number | readonly number[]): Value {
  checkValue('mean', 'operand 0', x);
  const over = axesOf('mean', axes, x.shape);
  const count = over.reduce((product, axis) => product * x.shape[axis]!, 1);
  if (count === 0) fail(`mean: the axes ${show(over)} of ${show(x.shape)} are empty; nothing has a mean there`);
  return div(sum(x, over), count);
}

/**
 * Matrix product: of `x` [… m k] and `y` [… k n] it is [… m n]. Axes before the last two broadcast; a vector [k] is a row before a matrix and
 * a column behind one, without that axis in the result, as in numpy. Throws on scalars and on shapes that do not fit.
 * @example
 * toNested(matmul(tensor([[1, 2], [3, 4]]), tensor([[0, 1], [1, 0]]))) // [[2, 1], [4, 3]]
 */
export function matmul(x: Value, y: Value): Value {
  checkValue('matmul', 'operand 0', x);
  checkValue('matmul', 'operand 1', y);
  const [a, b] = [x.shape, y.shape];
  const length = b[Math.max(0, b.length - 2)];
  if (a.length === 0 || b.length === 0 || a.at(-1) !== length)
    fail(
      `matmul: ${show(a)} and ${show(b)} do not fit; the last axis of the first is as long as the last but one of the second, or its only one`,
    );
  const [left, right] = [a.slice(0, -2), b.slice(0, -2)];
  const batch = broadcastShapes('matmul', left, right);
  // matrices of equal leading axes, or without any, need no copies
  const over = (of: Value, own: Shape): Value =>
    own.length === 0 || sameShape(own, batch) ? of : broadcast(of, [...batch, ...of.shape.slice(-2)]);
  const letters = batch.map((_, i) => String.fromCharCode('A'.charCodeAt(0) + i)).join('');
  const [rows, columns] = [a.length > 1 ? 'm' : '', b.length > 1 ? 'n' : ''];
  const first = `${left.length > 0 ? letters : ''}${rows}k`;
  const second = `${right.length > 0 ? letters : ''}k${columns}`;
  return einsum(`${first},${second}->${letters}${rows}${columns}`, over(x, left), over(y, right));
}

/**
 * Takes `x` at one position of an axis and removes that axis from the shape.
 * @example
 * read(at(tensor([[1, 2], [3, 4]]), 0, 1)) // [3, 4]
 */
export function at(x: Value, axis: number, position: number): Value {
  checkValue('at', 'operand 0', x);
  const along = axisOf('at', axis, x.shape);
  if (!Number.isInteger(position) || position < 0 || position >= x.shape[along]!) {
    fail(`at: position ${position} does not lie in axis ${along} of ${show(x.shape)}, which is [0, ${x.shape[along]})`);
  }
  const shape = x.shape.filter((_, i) => i !== along);
  return reshape(slice(x, along, position, position + 1), shape);
}

/**
 * Joins values of one shape along a new axis; −1 puts it last. Throws on an empty list and on shapes that differ.
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])], 0).shape // [2, 2]
 */
export function stack(xs: readonly Value[], axis: number): Value {
  if (xs.length === 0) fail('stack: no values to join; give at least one');
  const { shape } = xs[0]!;
  for (const x of xs) {
    if (!sameShape(x.shape, shape)) {
      fail(`stack: shapes ${show(shape)} and ${show(x.shape)} differ; only values of one shape stack`);
    }
  }
  const at = axisOf('stack', axis, [...shape, 1]);
  const one = [...shape.slice(0, at), 1, ...shape.slice(at)];
  return concat(
    xs.map((x) => reshape(x, one)),
    at,
  );
}

/**
 * Splits `x` along an axis into parts of the given length. The last part may be shorter.
 * @example
 * chunks(tensor([1, 2, 3]), 0, 2).map((part) => part.shape[0]) // [2, 1]
 */
export function chunks(x: Value, axis: number, length: number): Value[] {
  if (!Number.isInteger(length) || length < 1) fail(`chunks: a chunk of ${length}; a chunk is an integer ≥ 1`);
  checkValue('chunks', 'operand 0', x);
  const along = axisOf('chunks', axis, x.shape);
  const total = x.shape[along]!;
  return Array.from({ length: Math.ceil(total / length) }, (_, i) =>
    slice(x, along, i * length, Math.min(total, (i + 1) * length)),
  );
}
