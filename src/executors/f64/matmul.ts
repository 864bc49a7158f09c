/**
 * @file Multiplies batched matrices: in WebAssembly, or by plain loops where the matrices are small or there is no WebAssembly. Each sum
 * is in the order of its index, so all of these give the same numbers.
 */
import { type Numbers, zerosLike } from './allocate.ts';
import { type Matrices, multiplyByLoops } from './matmul-loops.ts';
import { multiplyInWasm } from './matmul-wasm.ts';

/** Fewest rows, columns and terms, and fewest multiplications, for which WebAssembly is faster. */
const fewest = 4;
const smallest = 2048;

/** `out[b, i, j] = Σ_k x[b, i, k] y[b, k, j]` for `batches` matrices of m × k and k × n, dense row-major. */
export function matmul<A extends Numbers>(
  x: Matrices<A>,
  y: Matrices<A>,
  batches: number,
  m: number,
  n: number,
  k: number,
): A {
  // a column is a row of the transposed product, for which the loops are faster
  if (n === 1 && m > 1) return matmul(transposed(y), transposed(x), batches, 1, m, k);
  const out = zerosLike(x.data, batches * m * n);
  const isLarge = Math.min(m, n, k) >= fewest && batches * m * n * k >= smallest;
  if (!(isLarge && multiplyInWasm(x, y, batches, m, n, k, out))) multiplyByLoops(x, y, batches, m, n, k, out);
  return out;
}

const transposed = <A extends Numbers>({ data, batch, row, column }: Matrices<A>): Matrices<A> => ({
  data,
  batch,
  row: column,
  column: row,
});
