/** @file Multiplies batched matrices by plain loops, each sum in the order of its index. */
import type { Numbers } from './allocate.ts';

/** An operand: numbers, and the strides of batches, rows and columns. The stride of rows or of columns is 1. */
export interface Matrices<A extends Numbers = Numbers> {
  readonly data: A;
  readonly batch: number;
  readonly row: number;
  readonly column: number;
}

/** Adds the product to `out`. */
export function multiplyByLoops(
  x: Matrices,
  y: Matrices,
  batches: number,
  m: number,
  n: number,
  k: number,
  out: Numbers,
): void {
  if (y.row === 1 && k > 1) dots(x, y, batches, m, n, k, out);
  else weightedRows(x, y, batches, m, n, k, out);
}

/** Dot products, four neighbouring results at a time. The columns of y are contiguous. */
function dots(x: Matrices, y: Matrices, batches: number, m: number, n: number, k: number, out: Numbers): void {
  const { data: xs, column: step } = x;
  const { data: ys, column: next } = y;
  for (let b = 0, to = 0; b < batches; b++) {
    for (let i = 0; i < m; i++) {
      const x0 = b * x.batch + i * x.row;
      let y0 = b * y.batch;
      let j = 0;
      for (; j + 4 <= n; j += 4, y0 += 4 * next) {
        let c0 = 0;
        let c1 = 0;
        let c2 = 0;
        let c3 = 0;
        for (let l = 0, p = x0, q = y0; l < k; l++, p += step, q++) {
          const a = xs[p]!;
          c0 += a * ys[q]!;
          c1 += a * ys[q + next]!;
          c2 += a * ys[q + 2 * next]!;
          c3 += a * ys[q + 3 * next]!;
        }
        out[to++] = c0;
        out[to++] = c1;
        out[to++] = c2;
        out[to++] = c3;
      }
      for (; j < n; j++, y0 += next) {
        let c = 0;
        for (let l = 0, p = x0, q = y0; l < k; l++, p += step, q++) c += xs[p]! * ys[q]!;
        out[to++] = c;
      }
    }
  }
}

/** Each row of the result as a weighted sum of rows of y, four at a time. The rows of y are contiguous. */
function weightedRows(x: Matrices, y: Matrices, batches: number, m: number, n: number, k: number, out: Numbers): void {
  const { data: xs, column: step } = x;
  const { data: ys, row: next } = y;
  for (let b = 0, to = 0; b < batches; b++) {
    for (let i = 0; i < m; i++, to += n) {
      let p = b * x.batch + i * x.row;
      let y0 = b * y.batch;
      let l = 0;
      for (; l + 4 <= k; l += 4, p += 4 * step, y0 += 4 * next) {
        const a0 = xs[p]!;
        const a1 = xs[p + step]!;
        const a2 = xs[p + 2 * step]!;
        const a3 = xs[p + 3 * step]!;
        for (let j = 0, q = y0; j < n; j++, q++) {
          out[to + j] =
            out[to + j]! + a0 * ys[q]! + a1 * ys[q + next]! + a2 * ys[q + 2 * next]! + a3 * ys[q + 3 * next]!;
        }
      }
      for (; l < k; l++, p += step, y0 += next) {
        const a = xs[p]!;
        for (let j = 0; j < n; j++) out[to + j]! += a * ys[y0 + j]!;
      }
    }
  }
}
