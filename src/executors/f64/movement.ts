/** @file Moves data: strided copies, broadcast, transpose, copies along an axis. */

import { type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts';
import { type Numbers, zerosLike } from './allocate.ts';

/** Copies a strided view: element `i` of the result is `x[Σ i_a · strides_a]`. A stride of 0 repeats elements. */
export function stridedCopy<A extends Numbers>(x: A, shape: Shape, strides: readonly number[]): A {
  const out = zerosLike(x, sizeOf(shape));
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
export function broadcast<A extends Numbers>(x: A, from: Shape, to: Shape): A {
  if (x.length === 1) return filled(zerosLike(x, sizeOf(to)), x[0]!);
  const added = to.length - from.length;
  const strides = stridesOf(from);
  return stridedCopy(
    x,
    to,
    to.map((_, i) => (i < added || from[i - added] === 1 ? 0 : strides[i - added]!)),
  );
}

function filled<A extends Numbers>(x: A, value: number): A {
  x.fill(value);
  return x;
}

/** Permutes axes: axis i of the result is axis `order[i]` of `x`. */
export function transpose<A extends Numbers>(x: A, shape: Shape, order: readonly number[]): A {
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
  x: Numbers,
  length: number,
  start: number,
  out: Numbers,
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
