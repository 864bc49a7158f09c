/** @file Multiplies batched matrices: packed panels and a 4 × 4 micro-kernel, or plain loops where packing is not worth its cost. */
import { zeros } from './allocate.ts';

/** An operand: numbers, and the strides of batches, rows and columns. The stride of rows or of columns is 1. */
export interface Matrices {
  readonly data: Float64Array;
  readonly batch: number;
  readonly row: number;
  readonly column: number;
}

const panelDepth = 256;
/** Fewest multiplications for which packing is faster. */
const smallest = 4096;

/** `out[b, i, j] = Σ_k x[b, i, k] y[b, k, j]` for `batches` matrices of m × k and k × n, dense row-major. */
export function matmul(x: Matrices, y: Matrices, batches: number, m: number, n: number, k: number): Float64Array {
  // a column is a row of the transposed product, for which the loops are faster
  if (n === 1 && m > 1) return matmul(transposed(y), transposed(x), batches, 1, m, k);
  const out = zeros(batches * m * n);
  if (m >= 4 && n >= 4 && m * n * k >= smallest) packed(x, y, batches, m, n, k, out);
  else if (y.row === 1 && k > 1) dots(x, y, batches, m, n, k, out);
  else weightedRows(x, y, batches, m, n, k, out);
  return out;
}

const transposed = ({ data, batch, row, column }: Matrices): Matrices => ({ data, batch, row: column, column: row });

/** Computes dot products, four neighbouring results at a time. The columns of y are contiguous. */
function dots(x: Matrices, y: Matrices, batches: number, m: number, n: number, k: number, out: Float64Array): void {
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

/** Computes each row of the result as a weighted sum of rows of y, four at a time. The rows of y are contiguous. */
function weightedRows(
  x: Matrices,
  y: Matrices,
  batches: number,
  m: number,
  n: number,
  k: number,
  out: Float64Array,
): void {
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
          out[to + j]! += a0 * ys[q]! + a1 * ys[q + next]! + a2 * ys[q + 2 * next]! + a3 * ys[q + 3 * next]!;
        }
      }
      for (; l < k; l++, p += step, y0 += next) {
        const a = xs[p]!;
        for (let j = 0; j < n; j++) out[to + j]! += a * ys[y0 + j]!;
      }
    }
  }
}

/** Packs panels of 4: `panel[(p · depth + l) · 4 + c] = data[start + (4p + c) · across + l · along]`, with zeros past `count`. */
function pack(
  data: Float64Array,
  start: number,
  across: number,
  along: number,
  count: number,
  depth: number,
  panel: Float64Array,
): void {
  let to = 0;
  let p = 0;
  for (; p + 4 <= count; p += 4) {
    let from = start + p * across;
    for (let l = 0; l < depth; l++, to += 4, from += along) {
      panel[to] = data[from]!;
      panel[to + 1] = data[from + across]!;
      panel[to + 2] = data[from + 2 * across]!;
      panel[to + 3] = data[from + 3 * across]!;
    }
  }
  if (p === count) return;
  for (let l = 0; l < depth; l++, to += 4) {
    const from = start + p * across + l * along;
    for (let c = 0; c < 4; c++) panel[to + c] = p + c < count ? data[from + c * across]! : 0;
  }
}

function packed(x: Matrices, y: Matrices, batches: number, m: number, n: number, k: number, out: Float64Array): void {
  const depth = Math.min(k, panelDepth);
  const xPanels = zeros(Math.ceil(m / 4) * 4 * depth);
  const yPanels = zeros(Math.ceil(n / 4) * 4 * depth);
  for (let b = 0; b < batches; b++) {
    for (let l = 0; l < k; l += panelDepth) {
      const deep = Math.min(panelDepth, k - l);
      pack(x.data, b * x.batch + l * x.column, x.row, x.column, m, deep, xPanels);
      pack(y.data, b * y.batch + l * y.row, y.column, y.row, n, deep, yPanels);
      for (let j = 0; j < n; j += 4) {
        for (let i = 0; i < m; i += 4) {
          const to = (b * m + i) * n + j;
          tile(xPanels, i * deep, yPanels, j * deep, deep, out, to, n, Math.min(4, m - i), Math.min(4, n - j));
        }
      }
    }
  }
}

/** Adds one 4 × 4 tile of the product, with 16 accumulators in registers. Its first `rows` × `columns` elements are in the result. */
function tile(
  x: Float64Array,
  x0: number,
  y: Float64Array,
  y0: number,
  depth: number,
  out: Float64Array,
  o0: number,
  stride: number,
  rows: number,
  columns: number,
): void {
  let c00 = 0,
    c01 = 0,
    c02 = 0,
    c03 = 0,
    c10 = 0,
    c11 = 0,
    c12 = 0,
    c13 = 0;
  let c20 = 0,
    c21 = 0,
    c22 = 0,
    c23 = 0,
    c30 = 0,
    c31 = 0,
    c32 = 0,
    c33 = 0;
  const end = x0 + depth * 4;
  for (let p = x0, q = y0; p < end; p += 4, q += 4) {
    const a0 = x[p]!,
      a1 = x[p + 1]!,
      a2 = x[p + 2]!,
      a3 = x[p + 3]!;
    const b0 = y[q]!,
      b1 = y[q + 1]!,
      b2 = y[q + 2]!,
      b3 = y[q + 3]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  if (columns === 4) {
    out[o0]! += c00;
    out[o0 + 1]! += c01;
    out[o0 + 2]! += c02;
    out[o0 + 3]! += c03;
    if (rows < 2) return;
    o0 += stride;
    out[o0]! += c10;
    out[o0 + 1]! += c11;
    out[o0 + 2]! += c12;
    out[o0 + 3]! += c13;
    if (rows < 3) return;
    o0 += stride;
    out[o0]! += c20;
    out[o0 + 1]! += c21;
    out[o0 + 2]! += c22;
    out[o0 + 3]! += c23;
    if (rows < 4) return;
    o0 += stride;
    out[o0]! += c30;
    out[o0 + 1]! += c31;
    out[o0 + 2]! += c32;
    out[o0 + 3]! += c33;
    return;
  }
  const c = [c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33];
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[o0 + i * stride + j]! += c[i * 4 + j]!;
}
