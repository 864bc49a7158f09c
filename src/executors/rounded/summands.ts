/** @file Lists the summands of each element of a sum, an einsum or a scatter-add. */
import type { EinsumParams } from '../../tensor/primitives/einsum.ts';
import type { ScatterAddParams } from '../../tensor/primitives/scatter-add.ts';
import type { SumParams } from '../../tensor/primitives/sum.ts';
import type { Rng } from '../../tensor/random.ts';
import { type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import type { Arithmetic, Summands } from './order.ts';

type Numbers = Value<Float64Array>;

/** The offset of each element of a shape, row-major, where a step along each axis is that far. */
function offsetsIn(shape: Shape, steps: readonly number[]): Int32Array {
  const offsets = new Int32Array(sizeOf(shape));
  // from the offsets along the first axes to those with one axis more, the last ones first, as they take the same places
  let known = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis]!;
    for (let i = known - 1; i >= 0; i--) {
      const start = offsets[i]!;
      for (let j = length - 1; j >= 0; j--) offsets[i * length + j] = start + j * steps[axis]!;
    }
    known *= length;
  }
  return offsets;
}

/** Summands of a sum: the elements along the summed axes. */
export function sumSummands({ data, shape: from }: Numbers, { axes }: SumParams, shape: Shape): Summands {
  const strides = stridesOf(from);
  const kept = from.flatMap((_, axis) => (axes.includes(axis) ? [] : [strides[axis]!]));
  const starts = offsetsIn(shape, kept);
  const inside = offsetsIn(
    axes.map((axis) => from[axis]!),
    axes.map((axis) => strides[axis]!),
  );
  return {
    most: inside.length,
    list(i, a, b) {
      for (let j = 0; j < inside.length; j++) {
        a[j] = data[starts[i]! + inside[j]!]!;
        b[j] = 1;
      }
      return inside.length;
    },
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
  const operands = xs.map(({ data, shape: own }, i): Factors => {
    const [term, strides] = [terms[i]!, stridesOf(own)];
    const steps = (indices: readonly string[]): number[] =>
      indices.map((letter) => (term.includes(letter) ? strides[term.indexOf(letter)]! : 0));
    return { data, starts: offsetsIn(shape, steps([...out])), inside: offsetsIn(lengths, steps(summed)) };
  });
  const count = sizeOf(lengths);
  if (operands.length === 2) return { most: count, list: pairsOf(operands[0]!, operands[1]!, count, random) };
  return {
    most: count,
    list(i, a, b) {
      for (let j = 0; j < count; j++) {
        const last = random.integer(operands.length);
        let others = 1;
        let isFirst = true;
        for (let at = 0; at < operands.length; at++) {
          const { data, starts, inside } = operands[at]!;
          const factor = data[starts[i]! + inside[j]!]!;
          if (at === last) b[j] = factor;
          else {
            others = isFirst ? factor : round(others * factor);
            isFirst = false;
          }
        }
        a[j] = others;
      }
      return count;
    },
  };
}

/** An operand: where the factors of each element start, and how far from there the factor of each summand is. */
interface Factors {
  readonly data: Float64Array;
  readonly starts: Int32Array;
  readonly inside: Int32Array;
}

/** Lists the products of two operands, either of them first. */
const pairsOf =
  (x: Factors, y: Factors, count: number, random: Rng): Summands['list'] =>
  (i, a, b) => {
    const [atX, atY] = [x.starts[i]!, y.starts[i]!];
    for (let j = 0; j < count; j++) {
      const isFirst = random.integer(2) === 0;
      const factor = x.data[atX + x.inside[j]!]!;
      const other = y.data[atY + y.inside[j]!]!;
      a[j] = isFirst ? other : factor;
      b[j] = isFirst ? factor : other;
    }
    return count;
  };

/** Summands of a scatter-add: the elements of `x` in all rows that the index adds to the row of the result. */
export function scatterSummands(
  x: Numbers,
  index: Numbers,
  { rows, batchAxes }: ScatterAddParams,
  shape: Shape,
): Summands {
  const width = sizeOf(shape.slice(batchAxes + 1));
  const perBatch = sizeOf(index.shape.slice(batchAxes));
  return {
    most: perBatch,
    list(i, a, b) {
      const [row, column] = [Math.floor(i / width), i % width];
      const first = Math.floor(row / rows) * perBatch;
      let count = 0;
      for (let at = first; at < first + perBatch; at++) {
        if (index.data[at] !== row % rows) continue;
        a[count] = x.data[at * width + column]!;
        b[count++] = 1;
      }
      return count;
    },
  };
}
