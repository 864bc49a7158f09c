/** @file Tracks the origin of every element of an index value, and checks ranges of indices before a call. */
import { fail } from '../../../tensor/errors.ts';
import type { BroadcastParams } from '../../../tensor/primitives/broadcast.ts';
import type { ConcatParams } from '../../../tensor/primitives/concat.ts';
import type { SliceParams } from '../../../tensor/primitives/slice.ts';
import type { TransposeParams } from '../../../tensor/primitives/transpose.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { broadcastView, type StridedView, sliceView, transposeView } from '../values/strides.ts';

/** Origin of an index: an element of an input, or a number that is known while tracing. */
export type Origin = number | { readonly input: string; readonly at: number };

/** An index operand: its shape and the origin of each element. */
interface Index {
  readonly shape: Shape;
  readonly origins: readonly Origin[];
}

/** A check before each call: all indices must be less than the number of rows of their table. */
export interface RangeCheck {
  readonly call: string;
  readonly origins: readonly Origin[];
  readonly rows: number;
}

/** Offsets that a view reads, in order. */
function viewed({ shape, steps, start }: StridedView): number[] {
  return shape.reduce(
    (places, length, axis) =>
      places.flatMap((place) => Array.from({ length }, (_, position) => place + position * steps[axis]!)),
    [start],
  );
}

const pick = ({ origins }: Index, view: StridedView): Origin[] => viewed(view).map((at) => origins[at]!);

/** Computes the origins of the result of each primitive that moves index values. */
const moves: Readonly<Record<string, (xs: readonly Index[], params: never, shape: Shape) => readonly Origin[]>> = {
  reshape: ([x]) => x!.origins,
  broadcast: ([x], _params: BroadcastParams, shape) => pick(x!, broadcastView(x!.shape, shape)),
  transpose: ([x], { order }: TransposeParams) => pick(x!, transposeView(x!.shape, order)),
  slice: ([x], { axis, start }: SliceParams, shape) => pick(x!, sliceView(x!.shape, axis, start, shape)),
  concat(xs, { axis }: ConcatParams) {
    const rows = xs.map((x) => sizeOf(x.shape.slice(axis)));
    const count = sizeOf(xs[0]!.shape.slice(0, axis));
    return Array.from({ length: count }, (_, q) =>
      xs.flatMap((x, k) => x.origins.slice(q * rows[k]!, (q + 1) * rows[k]!)),
    ).flat();
  },
};

/** Returns the origins of a moved index value. Throws on a primitive that is not in the table `moves`. */
export function movedOrigins(name: string, xs: readonly Index[], params: unknown, shape: Shape): readonly Origin[] {
  const move = moves[name];
  if (move === undefined) throw new Error(`${name} moves index values, but not their origins: add it to the table`);
  return move(xs, params as never, shape);
}

/** Throws if an index is outside its table. Without the numbers of the inputs, checks only indices known while tracing. */
export function checkRange(
  { call, origins, rows }: RangeCheck,
  inputs?: Readonly<Record<string, ArrayLike<number>>>,
): void {
  origins.forEach((origin, i) => {
    const known = typeof origin === 'number';
    const index = known ? origin : inputs?.[origin.input]?.[origin.at];
    if (index === undefined || index < rows) return;
    const where = known ? '' : `, element ${origin.at} of input ${origin.input},`;
    fail(`${call}: index ${index} at element ${i}${where} is outside the table's ${rows} rows; rows count from 0`);
  });
}
