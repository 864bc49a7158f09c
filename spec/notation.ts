/**
 * @file The notation of the chapters: sums and products of plain numbers.
 * The code is simple, so that a chapter reads like its formula. Indices count from 0.
 */
/** A list of numbers. */
export type Vector = readonly number[];
/** A list of rows of equal length: `x[row][column]`. Weights are stored [out, in]. */
export type Matrix = readonly Vector[];

/** Σ_{i=from}^{to} term(i), both ends included; 0 when `to < from`. */
export function sum(from: number, to: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = from; i <= to; i++) total += term(i);
  return total;
}

/** γⁿ by repeated multiplication, so that γ = 1/2 stays exact. n = 0, 1, 2, … */
export function power(gamma: number, n: number): number {
  let product = 1;
  for (let i = 0; i < n; i++) product *= gamma;
  return product;
}

/** The vector whose entry i is entry(i). */
export function vector(length: number, entry: (i: number) => number): Vector {
  // a loop, as Array.from takes eight times as long, and definitions consist of vectors
  const entries: number[] = [];
  for (let i = 0; i < length; i++) entries.push(entry(i));
  return entries;
}

/** The matrix whose entry [i][j] is entry(i, j). */
export function matrix(rows: number, columns: number, entry: (i: number, j: number) => number): Matrix {
  const list: Vector[] = [];
  for (let i = 0; i < rows; i++) list.push(vector(columns, (j) => entry(i, j)));
  return list;
}

/** The zero matrix. */
export function zeros(rows: number, columns: number): Matrix {
  return matrix(rows, columns, () => 0);
}

/** Number of columns of a matrix; 0 if it has no rows. */
export function columns(x: Matrix): number {
  return x[0]?.length ?? 0;
}

/** x + y, entry by entry. */
export function add(x: Vector, y: Vector): Vector {
  requireEqual('add', x.length, y.length);
  return x.map((value, i) => value + y[i]!);
}

/** X + Y, entry by entry. */
export function addMatrices(x: Matrix, y: Matrix): Matrix {
  requireEqual('addMatrices', x.length, y.length);
  return x.map((row, i) => add(row, y[i]!));
}

/** x ⊙ y, entry by entry. */
export function hadamard(x: Vector, y: Vector): Vector {
  requireEqual('hadamard', x.length, y.length);
  return x.map((value, i) => value * y[i]!);
}

/** a x. */
export function scale(a: number, x: Vector): Vector {
  return x.map((value) => a * value);
}

/** a X. */
export function scaleMatrix(a: number, x: Matrix): Matrix {
  return x.map((row) => scale(a, row));
}

/** x · y = Σ_i x_i y_i. */
export function dot(x: Vector, y: Vector): number {
  requireEqual('dot', x.length, y.length);
  return sum(0, x.length - 1, (i) => x[i]! * y[i]!);
}

/** xᵀ y for row vectors: the matrix with entries x_i y_j. */
export function outer(x: Vector, y: Vector): Matrix {
  return matrix(x.length, y.length, (i, j) => x[i]! * y[j]!);
}

/** y_o = Σ_i W[o, i] x_i. A matrix of shape [out, 0] gives zeros. */
export function matVec(weight: Matrix, x: Vector): Vector {
  return weight.map((row) => dot(row, x));
}

/** x S for a row vector x: y_j = Σ_i x_i S[i, j]. */
export function vecMat(x: Vector, s: Matrix): Vector {
  requireEqual('vecMat', x.length, s.length);
  return vector(columns(s), (j) => sum(0, x.length - 1, (i) => x[i]! * s[i]![j]!));
}

/** X Y: entries Σ_j X[i, j] Y[j, k]. */
export function matMul(x: Matrix, y: Matrix): Matrix {
  return x.map((row) => vecMat(row, y));
}

/** The matrix with ones on its diagonal. */
export function identity(size: number): Matrix {
  return matrix(size, size, (i, j) => (i === j ? 1 : 0));
}

/** The Krylov sequence (v, X v, X² v, …) with `count` entries. */
export function krylov(x: Matrix, v: Vector, count: number): Matrix {
  const vectors: Vector[] = [];
  for (let i = 0; i < count; i++) vectors.push(i === 0 ? v : matVec(x, vectors[i - 1]!));
  return vectors;
}

/** 1 / (1 + e^{-z}), without overflow or cancellation on either tail. */
export function sigmoid(z: number): number {
  if (z >= 0) return 1 / (1 + Math.exp(-z));
  return Math.exp(z) / (1 + Math.exp(z));
}

/** z σ(z). */
export function silu(z: number): number {
  return z * sigmoid(z);
}

/**
 * erf(z). For |z| ≤ 1, the series 2/√π e^{-z²} Σ_n 2ⁿ z^{2n+1} / (1·3·…·(2n+1)), with terms of one sign (Abramowitz & Stegun 7.1.6).
 * For larger |z|, 1 − erfc(|z|), where erfc and its rounding error are small.
 */
export function erf(z: number): number {
  if (Math.abs(z) > 1) return Math.sign(z) * (1 - erfc(Math.abs(z)));
  const terms = [z];
  for (let n = 1; n <= 25; n++) terms.push((terms[n - 1]! * 2 * z * z) / (2 * n + 1));
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * terms.reduceRight((total, term) => total + term, 0);
}

/**
 * erfc(z) = 1 − erf(z). For z > 1 this would cancel, so there it is e^{-z²} · 2/π ∫_0^{π/2} exp(-z² cot²θ) dθ by the trapezoidal rule. The
 * rule converges fast, because the integrand is smooth and has period π. A number of 24 bits has an exact square, so e^{-z²} is split there.
 */
export function erfc(z: number): number {
  if (z <= 1) return 1 - erf(z);
  // from 28 on it is smaller than every positive number
  if (z > 28) return 0;
  const near = Math.fround(z);
  const term = (i: number) => Math.exp(-((z / Math.tan((i * Math.PI) / 200)) ** 2));
  return (Math.exp(-near * near) * Math.exp((near - z) * (near + z)) * (2 * sum(1, 99, term) + term(100))) / 200;
}

/** z Φ(z) = ½ z erfc(-z/√2): GELU in its exact form. */
export function gelu(z: number): number {
  return (z * erfc(-z * Math.SQRT1_2)) / 2;
}

/** log(1 + e^z), without overflow or cancellation on either tail. */
export function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

/** Clamps z to [low, high]. */
export function clamp(z: number, low: number, high: number): number {
  return Math.min(Math.max(z, low), high);
}

/** Returns the value. Throws an error that names it if it is missing. */
export function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing: the readings or the configuration ask for it`);
  return value;
}

/** Throws if operands have different lengths. */
function requireEqual(call: string, left: number, right: number): void {
  if (left !== right)
    throw new Error(`${call}: ${left} entries on the left and ${right} on the right; give equal lengths`);
}
