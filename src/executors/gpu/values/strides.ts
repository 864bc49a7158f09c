/** @file Computes strided views of row-major arrays: broadcast, transpose and slice. */
import { type Shape, stridesOf } from '../../../tensor/shape.ts';

/** A strided view of an array: the element at position p is number `start + Σ p_a steps_a`. */
export interface StridedView {
  readonly shape: Shape;
  readonly steps: readonly number[];
  readonly start: number;
}

/** Broadcast as a view: axes aligned at the right, with stride 0 where they grow. */
export function broadcastView(from: Shape, to: Shape): StridedView {
  const added = to.length - from.length;
  const strides = stridesOf(from);
  const steps = to.map((_, i) => (i < added || from[i - added] === 1 ? 0 : strides[i - added]!));
  return { shape: to, steps, start: 0 };
}

/** Transpose as a view. */
export function transposeView(from: Shape, order: readonly number[]): StridedView {
  const strides = stridesOf(from);
  return { shape: order.map((axis) => from[axis]!), steps: order.map((axis) => strides[axis]!), start: 0 };
}

/** Slice as a view. */
export function sliceView(from: Shape, axis: number, start: number, to: Shape): StridedView {
  const strides = stridesOf(from);
  return { shape: to, steps: strides, start: start * strides[axis]! };
}
