/** @file Rearranges the numbers of a tensor along its axes, as programs do that confuse positions or axes. */
import { type Shape, stridesOf } from '../../../../tensor/shape.ts';

/** An array of numbers with a shape. */
export interface Shaped {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** A rearrangement: each number comes from another place, or from none. */
export interface Rearrangement {
  readonly says: string;
  readonly data: Float64Array;
}

/** The word for the positions along each axis. */
export type Words = readonly { readonly one: string; readonly many: string }[];

/** Takes each number from other indices; NaN where these are outside. */
function taken({ shape, data }: Shaped, indices: (index: number[]) => number[]): Float64Array {
  const strides = stridesOf(shape);
  return data.map((_, i) => {
    const from = indices(shape.map((length, axis) => Math.floor(i / strides[axis]!) % length));
    if (from.some((index, axis) => index < 0 || index >= shape[axis]!)) return Number.NaN;
    return data[from.reduce((sum, index, axis) => sum + index * strides[axis]!, 0)]!;
  });
}

/** Changes the index of one axis. */
const alongOne = (x: Shaped, axis: number, f: (index: number) => number): Float64Array =>
  taken(x, (index) => index.with(axis, f(index[axis]!)));

/** Yields the usual confusions of an array's positions and axes. Positions that nothing fills are NaN. */
export function* rearrangements(x: Shaped, words: Words): Generator<Rearrangement> {
  for (const [axis, length] of x.shape.entries()) {
    const { one, many } = words[axis]!;
    if (length < 2) continue;
    yield { says: `with each ${one} replaced by the one before`, data: alongOne(x, axis, (i) => i - 1) };
    yield { says: `with each ${one} replaced by the one after`, data: alongOne(x, axis, (i) => i + 1) };
    yield { says: `with the first ${one} in place of every ${one}`, data: alongOne(x, axis, () => 0) };
    yield { says: `with the last ${one} in place of every ${one}`, data: alongOne(x, axis, () => length - 1) };
    yield { says: `with the ${many} in reversed order`, data: alongOne(x, axis, (i) => length - 1 - i) };
    yield { says: `with the ${many} rotated by one`, data: alongOne(x, axis, (i) => (i + 1) % length) };
    yield {
      says: `with the ${many} rotated by one, backwards`,
      data: alongOne(x, axis, (i) => (i + length - 1) % length),
    };
  }
  for (const [a, long] of x.shape.entries()) {
    for (const [b, other] of x.shape.entries()) {
      if (a >= b || long < 2 || other < 2) continue;
      const names = `${words[a]!.many} and ${words[b]!.many}`;
      if (long === other) {
        yield {
          says: `with ${names} exchanged`,
          data: taken(x, (index) => index.with(a, index[b]!).with(b, index[a]!)),
        };
      }
      yield { says: `with ${names} exchanged in memory`, data: inOtherOrder(x, a, b) };
      yield { says: `stored with ${names} exchanged`, data: storedInOtherOrder(x, a, b) };
    }
  }
}

/** The numbers in the order that they have in memory where two axes are exchanged. */
function storedInOtherOrder({ shape, data }: Shaped, a: number, b: number): Float64Array {
  const stored = shape.with(a, shape[b]!).with(b, shape[a]!);
  const [strides, order] = [stridesOf(shape), stridesOf(stored)];
  return data.map((_, i) => {
    const index = stored.map((length, axis) => Math.floor(i / order[axis]!) % length);
    const own = index.with(a, index[b]!).with(b, index[a]!);
    return data[own.reduce((sum, one, axis) => sum + one * strides[axis]!, 0)]!;
  });
}

/** The numbers as read where two axes are exchanged in memory. */
function inOtherOrder({ shape, data }: Shaped, a: number, b: number): Float64Array {
  const stored = shape.with(a, shape[b]!).with(b, shape[a]!);
  const [strides, order] = [stridesOf(shape), stridesOf(stored)];
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const index = shape.map((length, axis) => Math.floor(i / strides[axis]!) % length);
    const swapped = index.with(a, index[b]!).with(b, index[a]!);
    out[i] = data[swapped.reduce((sum, one, axis) => sum + one * order[axis]!, 0)]!;
  }
  return out;
}
