/** @file Sums of products in the orders that kernels use, and matrix products made of them. */
import type { Arithmetic } from './arithmetic.ts';

/** An operand of a matrix product, by row and column. */
export type Entry = (row: number, column: number) => number;

/** start + Σ_k x(k) y(k), in some order. */
export type Dot = (
  a: Arithmetic,
  length: number,
  x: (k: number) => number,
  y: (k: number) => number,
  start: number,
) => number;

/** One after another, into the start. */
export const inOrder: Dot = (a, length, x, y, start) => {
  let total = start;
  for (let k = 0; k < length; k++) total = a.fma(x(k), y(k), total);
  return total;
};

/** From the last to the first, into the start. */
export const reversed: Dot = (a, length, x, y, start) => {
  let total = start;
  for (let k = length - 1; k >= 0; k--) total = a.fma(x(k), y(k), total);
  return total;
};

/** By halves, and the start last. */
export const pairwise: Dot = (a, length, x, y, start) => {
  const part = (from: number, to: number): number => {
    if (to - from === 1) return a.mul(x(from), y(from));
    const middle = (from + to) >> 1;
    return a.add(part(from, middle), part(middle, to));
  };
  return length === 0 ? start : a.add(start, part(0, length));
};

/** With Kahan's compensation. */
export const kahan: Dot = (a, length, x, y, start) => {
  let [total, lost] = [start, 0];
  for (let k = 0; k < length; k++) {
    const term = a.sub(a.mul(x(k), y(k)), lost);
    const next = a.add(total, term);
    lost = a.sub(a.sub(next, total), term);
    total = next;
  }
  return total;
};

/** Split-K: four workers take every fourth product; their sums are added to the start at the end. */
export const splitK: Dot = (a, length, x, y, start) => {
  const partial = [0, 0, 0, 0];
  for (let k = 0; k < length; k++) partial[k % 4] = a.fma(x(k), y(k), partial[k % 4]!);
  return partial.reduce((total, part) => a.add(total, part), start);
};

/** Blocks of two products, each summed from 0 and then added. */
export const blocked: Dot = (a, length, x, y, start) => {
  let total = start;
  for (let k = 0; k < length; k += 2) {
    let block = a.mul(x(k), y(k));
    if (k + 1 < length) block = a.fma(x(k + 1), y(k + 1), block);
    total = a.add(total, block);
  }
  return total;
};

/** The matrix start + x y, [rows, columns] row-major. A matrix unit rounds its operands; a sum in registers does not. */
export function product(
  a: Arithmetic,
  [rows, inner, columns]: readonly [number, number, number],
  x: Entry,
  y: Entry,
  { start = () => 0, dot = inOrder }: { readonly start?: Entry; readonly dot?: Dot } = {},
): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      result[i * columns + j] = dot(
        a,
        inner,
        (k) => a.operand(x(i, k)),
        (k) => a.operand(y(k, j)),
        start(i, j),
      );
    }
  }
  return result;
}

/** The entries of a row-major array with rows of a width. */
export const rowsOf =
  (data: Float64Array, width: number): Entry =>
  (row, column) =>
    data[row * width + column]!;

/** The entries of its transpose. */
export const transposed =
  (data: Float64Array, width: number): Entry =>
  (row, column) =>
    data[column * width + row]!;
