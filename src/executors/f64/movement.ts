/** @file Moves data: strided copies, broadcast, transpose, copies along an axis. */

import { type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts';
import { zeros } from './allocate.ts';

/** Copies a strided view: element `i` of the result is `x[Σ i_a · strides_a]`. A stride of 0 repeats elements. */
export function stridedCopy(x: Float64Array, shape: Shape, strides: readonly number[]): Float64Array {
  const out = zeros(sizeOf(shape));
  const rank = shape.length;
  if (out.length === 0) return out;
  if (rank === 0) {
    out[0] = x[0]!;
    return out;
  }
  const last = shape[rank - 1]!;
  const step = strides[rank - 1]!;
  const position = new Array<number>(rank).fill(0);
  for (let to = 0, from = 0; to < out.length; ) {
    for (let i = 0; i < last; i++) out[to++] = x[from + i * step]!;
    for (let axis = rank - 2; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
  return out;
}

/** Repeats `x` from shape `from` to shape `to`, with axes aligned at the right. */
export function broadcast(x: Float64Array, from: Shape, to: Shape): Float64Array {
  if (x.length === 1) return zeros(sizeOf(to)).fill(x[0]!);
  const added = to.length - from.length;
  const strides = stridesOf(from);
  return stridedCopy(
    x,
    to,
    to.map((_, i) => (i < added || from[i - added] === 1 ? 0 : strides[i - added]!)),
  );
}

/** Permutes axes: axis i of the result is axis `order[i]` of `x`. */
export function transpose(x: Float64Array, shape: Shape, order: readonly number[]): Float64Array {
  const strides = stridesOf(shape);
  return stridedCopy(
    x,
    order.map((axis) => shape[axis]!),
    order.map((axis) => strides[axis]!),
  );
}

/** The product of the lengths before an axis (outer), and of those after it (inner). */
export function around(shape: Shape, axis: number): { outer: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), inner: sizeOf(shape.slice(axis + 1)) };
}

/** Copies `count` positions of an axis: from `start` in `x`, of `length` positions, to `at` in `out`, of `room` positions. */
export function copySteps(
  x: Float64Array,
  length: number,
  start: number,
  out: Float64Array,
  room: number,
  at: number,
  count: number,
  { outer, inner }: { outer: number; inner: number },
): void {
  if (count * inner <= 16) {
    for (let o = 0; o < outer; o++) {
      const from = (o * length + start) * inner;
      const to = (o * room + at) * inner;
      for (let i = 0; i < count * inner; i++) out[to + i] = x[from + i]!;
    }
    return;
  }
  for (let o = 0; o < outer; o++) {
    const from = (o * length + start) * inner;
    out.set(x.subarray(from, from + count * inner), (o * room + at) * inner);
  }
}
