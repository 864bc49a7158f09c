/** @file The matrix product of small integers equals the triple loop bit for bit, in every layout and around panel sizes. */
import { describe, expect, it } from 'vitest';
import { type Matrices, matmul } from '../../src/executors/f64/matmul.ts';

const digits = (length: number, salt: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => ((i * 7 + salt * 13 + ((i * i) >> 3)) % 9) - 4);

/** Draws a matrix of small integers, row-major or column-major, with a function that reads one number. */
function operand(batches: number, rows: number, columns: number, transposed: boolean, salt: number) {
  const batch = rows * columns;
  const [row, column] = transposed ? [1, rows] : [columns, 1];
  const matrices: Matrices = { data: digits(batches * batch, salt), batch, row, column };
  return { matrices, at: (b: number, i: number, j: number) => matrices.data[b * batch + i * row + j * column]! };
}

function agrees(batches: number, m: number, n: number, k: number): void {
  for (const [left, right] of [
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ] as const) {
    const x = operand(batches, m, k, left, 1);
    const y = operand(batches, k, n, right, 2);
    const expected = new Float64Array(batches * m * n);
    for (let b = 0; b < batches; b++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          for (let l = 0; l < k; l++) expected[(b * m + i) * n + j]! += x.at(b, i, l) * y.at(b, l, j);
        }
      }
    }
    const found = matmul(x.matrices, y.matrices, batches, m, n, k);
    // compare whole arrays by bytes: one assertion per number would take longer than the product
    if (Buffer.compare(Buffer.from(found.buffer), Buffer.from(expected.buffer)) !== 0) {
      expect({ batches, m, n, k, left, right, found: [...found] }).toEqual({
        batches,
        m,
        n,
        k,
        left,
        right,
        found: [...expected],
      });
    }
  }
}

describe('matmul on small integers is the triple loop, bit for bit, in every layout of the operands', () => {
  it('at every small ragged size, including zero', () => {
    const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9];
    for (const m of sizes) for (const n of sizes) for (const k of sizes) agrees(1, m, n, k);
  });

  it('in batches', () => {
    for (const batches of [0, 2, 3])
      for (const [m, n, k] of [
        [1, 5, 3],
        [6, 1, 4],
        [17, 18, 19],
        [3, 4, 1],
      ] as const)
        agrees(batches, m, n, k);
  });

  it.each([255, 256, 257, 511, 513])('around the depth of a panel, at %i', (k) => {
    for (const [m, n] of [
      [1, 1],
      [1, 6],
      [6, 1],
      [4, 4],
      [5, 7],
      [3, 9],
    ] as const)
      agrees(2, m, n, k);
  });

  it.each([255, 256, 257])('with %i rows or columns', (long) => {
    agrees(1, long, 5, 6);
    agrees(1, 6, long, 5);
    agrees(1, long, 1, 3);
    agrees(1, 1, long, 3);
  });
});
