/** @file Rearranges the numbers of a tensor along its axes, as programs do that confuse positions or axes. */
import { stridedCopy } from '../../../../executors/f64/movement.ts';
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

/** Takes the numbers at each position of an axis from another position; NaN where that is outside. */
function alongOne({ shape, data }: Shaped, axis: number, f: (index: number) => number): Float64Array {
  const length = shape[axis]!;
  const inner = stridesOf(shape)[axis]!;
  const out = new Float64Array(data.length).fill(Number.NaN);
  for (let block = 0; block < data.length; block += length * inner) {
    for (let to = 0; to < length; to++) {
      const from = f(to);
      if (from < 0 || from >= length) continue;
      for (let i = 0; i < inner; i++) out[block + to * inner + i] = data[block + from * inner + i]!;
    }
  }
  return out;
}

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
      if (long === other) yield { says: `with ${names} exchanged`, data: storedInOtherOrder(x, a, b) };
      yield { says: `with ${names} exchanged in memory`, data: inOtherOrder(x, a, b) };
      yield { says: `stored with ${names} exchanged`, data: storedInOtherOrder(x, a, b) };
    }
  }
}

/** Exchanges two entries. */
const exchanged = (list: readonly number[], a: number, b: number): number[] => list.with(a, list[b]!).with(b, list[a]!);

/** The numbers in the order that they have in memory where two axes are exchanged. */
const storedInOtherOrder = ({ shape, data }: Shaped, a: number, b: number): Float64Array =>
  stridedCopy(data, exchanged(shape, a, b), exchanged(stridesOf(shape), a, b));

/** The numbers as read where two axes are exchanged in memory. */
const inOtherOrder = ({ shape, data }: Shaped, a: number, b: number): Float64Array =>
  stridedCopy(data, shape, exchanged(stridesOf(exchanged(shape, a, b)), a, b));
