/** @file Reduces over axes: sum and maximum. */

import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { type Numbers, zerosLike } from './allocate.ts';
import { around, transpose } from './movement.ts';

/** Sum over the given axes, which are ascending. */
export function sum<A extends Numbers>(x: A, shape: Shape, axes: readonly number[]): A {
  const kept = shape.length - axes.length;
  const order: number[] = [];
  for (let axis = 0; axis < shape.length; axis++) if (!axes.includes(axis)) order.push(axis);
  const out = zerosLike(x, sizeOf(order.map((axis) => shape[axis]!)));
  const count = axes.reduce((product, axis) => product * shape[axis]!, 1);
  // the axes are ascending, so they come last if the first of them does
  const rows = axes.length === 0 || axes[0] === kept ? x : transpose(x, shape, [...order, ...axes]);
  for (let i = 0; i < out.length; i++) {
    let total = 0;
    for (let j = i * count; j < (i + 1) * count; j++) total += rows[j]!;
    out[i] = total;
  }
  return out;
}

/** The largest element along an axis; NaN if any element is NaN. */
export function maxReduce<A extends Numbers>(x: A, shape: Shape, axis: number): A {
  const { outer, inner } = around(shape, axis);
  const length = shape[axis]!;
  const out = zerosLike(x, outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let a = 0; a < length; a++) largest = Math.max(largest, x[(o * length + a) * inner + i]!);
      out[o * inner + i] = largest;
    }
  }
  return out;
}
