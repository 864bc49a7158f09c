/** @file Reduces over axes: sum and maximum. */

import { type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts';
import { zeros } from './allocate.ts';
import { around, stridedCopy } from './movement.ts';

/** Sum over the given axes, which are ascending. */
export function sum(x: Float64Array, shape: Shape, axes: readonly number[]): Float64Array {
  const kept = shape.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
  const out = zeros(sizeOf(kept.map((axis) => shape[axis]!)));
  const count = sizeOf(axes.map((axis) => shape[axis]!));
  const order = [...kept, ...axes];
  const strides = stridesOf(shape);
  const inOrder = order.every((axis, i) => axis === i);
  const rows = inOrder
    ? x
    : stridedCopy(
        x,
        order.map((axis) => shape[axis]!),
        order.map((axis) => strides[axis]!),
      );
  for (let i = 0; i < out.length; i++) {
    let total = 0;
    for (let j = i * count; j < (i + 1) * count; j++) total += rows[j]!;
    out[i] = total;
  }
  return out;
}

/** The largest element along an axis; NaN if any element is NaN. */
export function maxReduce(x: Float64Array, shape: Shape, axis: number): Float64Array {
  const { outer, inner } = around(shape, axis);
  const length = shape[axis]!;
  const out = zeros(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let a = 0; a < length; a++) largest = Math.max(largest, x[(o * length + a) * inner + i]!);
      out[o * inner + i] = largest;
    }
  }
  return out;
}
