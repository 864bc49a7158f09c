/** @file Batched matrix product on typed arrays: packed panels and a 4 × 4 micro-kernel; plain loops where packing costs more. */

/** One operand: numbers, and the steps between batches, rows and columns. */
export interface Matrices {
  readonly data: Float64Array;
  readonly batch: number;
  readonly row: number;
  readonly column: number;
}

const panelDepth = 256;
const smallest = 4096;

/** `out[b, i, j] = Σ_k x[b, i, k] y[b, k, j]` for `batches` matrices of m × k and k × n, dense row-major. */
export function matmul(x: Matrices, y: Matrices, batches: number, m: number, n: number, k: number): Float64Array {
  const out = new Float64Array(batches * m * n);
  const small = m < 4 || n < 4 || m * n * k < smallest;
  for (let b = 0; b < batches; b++) {
    if (small) plain(x, y, b, m, n, k, out);
    else packed(x, y, b, m, n, k, out);
  }
  return out;
}

function plain(x: Matrices, y: Matrices, b: number, m: number, n: number, k: number, out: Float64Array): void {
  const { data: xs, row: xRow, column: xColumn } = x;
  const { data: ys, row: yRow, column: yColumn } = y;
  const dots = yRow === 1 && k > 1;
  for (let i = 0; i < m; i++) {
    const x0 = b * x.batch + i * xRow;
    const o0 = (b * m + i) * n;
    if (dots) {
      for (let j = 0; j < n; j++) {
        const y0 = b * y.batch + j * yColumn;
        let total = 0;
        for (let l = 0; l < k; l++) total += xs[x0 + l * xColumn]! * ys[y0 + l]!;
        out[o0 + j] = total;
      }
    } else {
      for (let l = 0; l < k; l++) {
        const factor = xs[x0 + l * xColumn]!;
        const y0 = b * y.batch + l * yRow;
        for (let j = 0; j < n; j++) out[o0 + j]! += factor * ys[y0 + j * yColumn]!;
      }
    }
  }
}

/** Copies 4 neighbours a step: `panel[(p · depth + l) · 4 + c] = data[start + (4p + c) · across + l · along]`, zeros past `count`. */
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
  for (let p = 0; p < count; p += 4) {
    const width = Math.min(4, count - p);
    for (let l = 0; l < depth; l++, to += 4) {
      const from = start + p * across + l * along;
      for (let c = 0; c < 4; c++) panel[to + c] = c < width ? data[from + c * across]! : 0;
    }
  }
}

function packed(x: Matrices, y: Matrices, b: number, m: number, n: number, k: number, out: Float64Array): void {
  const depth = Math.min(k, panelDepth);
  const xPanels = new Float64Array(Math.ceil(m / 4) * 4 * depth);
  const yPanels = new Float64Array(Math.ceil(n / 4) * 4 * depth);
  for (let l = 0; l < k; l += panelDepth) {
    const deep = Math.min(panelDepth, k - l);
    pack(x.data, b * x.batch + l * x.column, x.row, x.column, m, deep, xPanels);
    pack(y.data, b * y.batch + l * y.row, y.column, y.row, n, deep, yPanels);
    for (let j = 0; j < n; j += 4) {
      for (let i = 0; i < m; i += 4) {
        tile(
          xPanels,
          i * deep,
          yPanels,
          j * deep,
          deep,
          out,
          (b * m + i) * n + j,
          n,
          Math.min(4, m - i),
          Math.min(4, n - j),
        );
      }
    }
  }
}

/** Adds one 4 × 4 tile of the product, of which `rows` × `columns` lie inside the result. Sixteen locals stay in registers. */
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
