/** @file Lists the summands of each element of a sum, an einsum or a scatter-add. */
import type { EinsumParams } from '../../tensor/primitives/einsum.ts';
import type { ScatterAddParams } from '../../tensor/primitives/scatter-add.ts';
import type { SumParams } from '../../tensor/primitives/sum.ts';
import { type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import type { Arithmetic, Summand } from './order.ts';

type Numbers = Value<Float64Array>;
/** Returns the summands of the i-th element of a result. */
type Summands = (i: number) => Summand[];

/** The position of the i-th element of a shape, row-major. */
function positionOf(i: number, shape: Shape): number[] {
  const position = new Array<number>(shape.length);
  for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
    position[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return position;
}

const offsetOf = (position: readonly number[], strides: readonly number[]): number =>
  position.reduce((offset, at, axis) => offset + at * strides[axis]!, 0);

/** Summands of a sum: the elements along the summed axes. */
export function sumSummands({ data, shape: from }: Numbers, { axes }: SumParams, shape: Shape): Summands {
  const strides = stridesOf(from);
  const kept = from.flatMap((_, axis) => (axes.includes(axis) ? [] : [strides[axis]!]));
  const lengths = axes.map((axis) => from[axis]!);
  const steps = axes.map((axis) => strides[axis]!);
  const count = sizeOf(lengths);
  return (i) => {
    const start = offsetOf(positionOf(i, shape), kept);
    return Array.from(
      { length: count },
      (_, j): Summand => [data[start + offsetOf(positionOf(j, lengths), steps)]!, 1],
    );
  };
}

/** Summands of an einsum: products of one number from each operand. The order of multiplication is random. */
export function einsumSummands(
  xs: readonly Numbers[],
  { terms, out, letters }: EinsumParams,
  shape: Shape,
  { round, random }: Arithmetic,
): Summands {
  const lengthOf = (letter: string): number => {
    const i = terms.findIndex((term) => term.includes(letter));
    return xs[i]!.shape[terms[i]!.indexOf(letter)]!;
  };
  const summed = [...letters].filter((letter) => !out.includes(letter));
  const lengths = summed.map(lengthOf);
  const count = sizeOf(lengths);
  const stepsOf = (indices: string): number[][] =>
    terms.map((term, i) => {
      const strides = stridesOf(xs[i]!.shape);
      return [...indices].map((letter) => (term.includes(letter) ? strides[term.indexOf(letter)]! : 0));
    });
  const [outer, inner] = [stepsOf(out), stepsOf(summed.join(''))];
  const inside = Array.from({ length: count }, (_, j) => {
    const position = positionOf(j, lengths);
    return inner.map((steps) => offsetOf(position, steps));
  });
  return (i) => {
    const position = positionOf(i, shape);
    const starts = outer.map((steps) => offsetOf(position, steps));
    return inside.map((offsets): Summand => {
      const factors = xs.map(({ data }, term) => data[starts[term]! + offsets[term]!]!);
      const last = factors.splice(random.integer(factors.length), 1)[0]!;
      const others = factors.length === 0 ? 1 : factors.reduce((product, factor) => round(product * factor));
      return [others, last];
    });
  };
}

/** Summands of a scatter-add: the elements of `x` in all rows that the index adds to the row of the result. */
export function scatterSummands(
  x: Numbers,
  index: Numbers,
  { rows, batchAxes }: ScatterAddParams,
  shape: Shape,
): Summands {
  const width = sizeOf(shape.slice(batchAxes + 1));
  const perBatch = sizeOf(index.shape.slice(batchAxes));
  return (i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const first = Math.floor(row / rows) * perBatch;
    const summands: Summand[] = [];
    for (let at = first; at < first + perBatch; at++) {
      if (index.data[at] === row % rows) summands.push([x.data[at * width + column]!, 1]);
    }
    return summands;
  };
}
