/** @file The matrix exponential, and the linear solver that the bilinear rule needs. Not numbered in the paper. */
import { addMatrices, identity, type Matrix, matMul, matrix, scaleMatrix, sum, type Vector } from './notation.ts';

/**
 * exp(A) = Σ_k A^k / k!, by scaling and squaring: exp(A) = exp(A / 2^s)^{2^s} with the smallest s such that ‖A / 2^s‖ ≤ 1/2.
 * A may be singular, defective or not symmetric. The error is a few 2^s round-offs, relative to ‖exp(A / 2^s)‖^{2^s}.
 * Shapes: A [n][n], result [n][n].
 */
export function matrixExponential(a: Matrix): Matrix {
  const s = Math.max(0, Math.ceil(Math.log2(largestRow(a))) + 1);
  let e = exponentialSeries(scaleMatrix(2 ** -s, a));
  for (let i = 0; i < s; i++) e = matMul(e, e);
  return e;
}

/** Σ_{k=0}^{16} A^k / k!. For ‖A‖ ≤ 1/2 the remainder is below 2^{-65}. */
function exponentialSeries(a: Matrix): Matrix {
  let term = identity(a.length);
  let total = term;
  for (let k = 1; k <= 16; k++) {
    term = scaleMatrix(1 / k, matMul(term, a));
    total = addMatrices(total, term);
  }
  return total;
}

/** ‖A‖_∞ = max_i Σ_j |A[i, j]|. */
function largestRow(a: Matrix): number {
  return Math.max(0, ...a.map((row) => sum(0, row.length - 1, (j) => Math.abs(row[j]!))));
}

/**
 * Solves A X = B for X by Gauss-Jordan elimination with partial pivoting. Throws if A is singular.
 * Shapes: A [n][n], B [n][k], result [n][k].
 */
export function solve(a: Matrix, b: Matrix): Matrix {
  const n = a.length;
  let rows: readonly Vector[] = a.map((row, i) => [...row, ...b[i]!]);
  for (let j = 0; j < n; j++) rows = eliminated(rows, j);
  return rows.map((row) => row.slice(n));
}

/** Reduces column j to a column of the identity. Partial pivoting moves the row with the largest entry in column j to row j. */
function eliminated(rows: readonly Vector[], j: number): readonly Vector[] {
  const below = rows.slice(j).map((row) => Math.abs(row[j]!));
  const at = j + below.indexOf(Math.max(...below));
  const pivot = rows[at]!;
  if (pivot[j] === 0) throw new Error(`solve: the matrix is singular, column ${j} depends on those before it`);
  const moved = rows.map((row, i) => (i === j ? pivot : i === at ? rows[j]! : row));
  const one = pivot.map((x) => x / pivot[j]!);
  return matrix(rows.length, one.length, (i, k) => (i === j ? one[k]! : moved[i]![k]! - moved[i]![j]! * one[k]!));
}
