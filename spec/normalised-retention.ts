/**
 * @file Retention with the normalisers of the released code and of torchscale.
 * Not numbered in the paper. [C] The modes of the released code normalise differently. They agree only after a norm that is invariant
 * under scaling. RMS norm is not, because of its ε. So each normaliser has its own definition.
 */
import { retention } from './19-retention.ts';
import { denseRetention } from './25-dense-retention.ts';
import {
  add,
  clamp,
  columns,
  dot,
  type Matrix,
  matrix,
  power,
  scale,
  scaleMatrix,
  sum,
  type Vector,
  vecMat,
  vector,
  zeros,
} from './notation.ts';
import type { Reading } from './readings.ts';

/** Retention of one head over a whole sequence. Shapes: q [t][d], k [t][d], v [t][e], result [t][e]. */
export type Retain = (q: Matrix, k: Matrix, v: Matrix, gamma: number) => Matrix;

/** r_n = sqrt(Σ_{j≤n} γ^{n-j}), with n counted from 0: the normaliser of n + 1 tokens. */
function decayNorm(gamma: number, n: number): number {
  return Math.sqrt(sum(0, n, (j) => power(gamma, n - j)));
}

/**
 * Retention with row n divided by sqrt(Σ_{j≤n} γ^{n-j}), n counted from the first token of the sequence.
 * Evidence [C]: the released one-token mode computes this function, by a running scale.
 * `position` is the number of earlier tokens, and s0 the state after them without normalisation (Eq. 19).
 * Shapes: q [t][d], k [t][d], v [t][e], s0 [d][e], result [t][e].
 */
export function decayNormalised(q: Matrix, k: Matrix, v: Matrix, gamma: number, position = 0, s0?: Matrix): Matrix {
  const { output } = retention(q, k, v, gamma, s0);
  return output.map((row, t) => scale(1 / decayNorm(gamma, position + t), row));
}

/** Row n of the scores, S[n,m] = (q_n · k_m) γ^{n-m} / sqrt(Σ_{j≤n} γ^{n-j}) for m ≤ n. Shapes: q [d], k [t][d], result [n + 1]. */
function normalisedScores(q: Vector, k: Matrix, gamma: number, n: number): Vector {
  const r = decayNorm(gamma, n);
  return vector(n + 1, (m) => (dot(q, k[m]!) * power(gamma, n - m)) / r);
}

/**
 * The divisors of the rows in the released parallel mode: c_n = clamp(Σ_m |S[n,m]|, 1, 5·10⁴).
 * Evidence [C]. Differentiation treats them as constants.
 * Shapes: q [t][d], k [t][d], result [t].
 */
export function torchscaleDivisors(q: Matrix, k: Matrix, gamma: number): Vector {
  return q.map((row, n) => clamp(absoluteSum(normalisedScores(row, k, gamma, n)), 1, 5e4));
}

/**
 * The released parallel mode: o_n = Σ_m S[n,m] v_m / c_n. The c_n are {@link torchscaleDivisors} unless given.
 * Evidence [C].
 * Shapes: q [t][d], k [t][d], v [t][e], divisors [t], result [t][e].
 */
export function torchscaleParallel(
  q: Matrix,
  k: Matrix,
  v: Matrix,
  gamma: number,
  divisors = torchscaleDivisors(q, k, gamma),
): Matrix {
  return q.map((row, n) => scale(1 / divisors[n]!, weightedSum(normalisedScores(row, k, gamma, n), v)));
}

/** The state between chunks: U [d][e] and the scale κ. */
interface Carried {
  readonly u: Matrix;
  readonly kappa: number;
}

/** Rows before division, and their divisors. */
interface Undivided {
  /** [t][e] */
  readonly rows: Matrix;
  /** [t] */
  readonly divisors: Vector;
}

/**
 * Torchscale's chunkwise mode, in chunks of C tokens; the last chunk may be shorter.
 * Inside a chunk, with i, j < C, r_i = sqrt(Σ_{j≤i} γ^{i-j}) and R = Σ_{j<C} γ^{C-1-j}:
 * o_i = (Σ_{j≤i} S[i,j] v_j + γ^{i+1} (R / r_i) q_i U) / max(1, Σ_j |S[i,j]|, κ), S[i,j] = (q_i · k_j) γ^{i-j} / r_i; then
 * U ← γ^C U + Σ_j (γ^{C-1-j} / R) k_jᵀ v_j and κ ← max(1, max_e Σ_d |U[d,e]|), from U = S_0 / R.
 * Evidence [C]. Differentiation treats the divisors as constants. In this mode they have no upper clamp.
 * Shapes: q [t][d], k [t][d], v [t][e], s0 [d][e] (zero unless given), divisors [t] (as above unless given), result [t][e].
 */
export function torchscaleChunkwise(
  chunk: number,
): (q: Matrix, k: Matrix, v: Matrix, gamma: number, s0?: Matrix, divisors?: Vector) => Matrix {
  requireChunk(chunk);
  return (q, k, v, gamma, s0, divisors) => {
    const own = undividedChunks(chunk, q, k, v, gamma, s0);
    return own.rows.map((row, i) => scale(1 / (divisors ?? own.divisors)[i]!, row));
  };
}

/** The divisors max(1, Σ_j |S[i,j]|, κ) of torchscale's chunkwise mode. Shapes: q [t][d], k [t][d], v [t][e], result [t]. */
export function torchscaleChunkDivisors(
  chunk: number,
): (q: Matrix, k: Matrix, v: Matrix, gamma: number, s0?: Matrix) => Vector {
  requireChunk(chunk);
  return (q, k, v, gamma, s0) => undividedChunks(chunk, q, k, v, gamma, s0).divisors;
}

function requireChunk(chunk: number): void {
  if (!Number.isInteger(chunk) || chunk < 1) throw new Error(`torchscaleChunkwise: chunk ${chunk}; give 1, 2, 3, …`);
}

/** Computes all chunks, each from the state after the previous chunk. */
function undividedChunks(chunk: number, q: Matrix, k: Matrix, v: Matrix, gamma: number, s0?: Matrix): Undivided {
  const parts: Undivided[] = [];
  const total = sum(0, chunk - 1, (j) => power(gamma, chunk - 1 - j));
  let carried = carriedAs(scaleMatrix(1 / total, s0 ?? zeros(columns(k), columns(v))));
  for (let start = 0; start < q.length; start += chunk) {
    const part = (x: Matrix) => x.slice(start, start + chunk);
    parts.push(undividedChunk(part(q), part(k), part(v), gamma, chunk, carried));
    carried = carryOn(part(k), part(v), gamma, chunk, carried);
  }
  return { rows: parts.flatMap(({ rows }) => rows), divisors: parts.flatMap(({ divisors }) => divisors) };
}

/** Computes the rows of one chunk before division, from the state before the chunk. */
function undividedChunk(q: Matrix, k: Matrix, v: Matrix, gamma: number, chunk: number, carried: Carried): Undivided {
  const total = sum(0, chunk - 1, (j) => power(gamma, chunk - 1 - j));
  const scores = q.map((row, i) => normalisedScores(row, k, gamma, i));
  const rows = q.map((row, i) => {
    const before = scale((power(gamma, i + 1) * total) / decayNorm(gamma, i), vecMat(row, carried.u));
    return add(weightedSum(scores[i]!, v), before);
  });
  return { rows, divisors: scores.map((row) => Math.max(1, absoluteSum(row), carried.kappa)) };
}

/** Computes U and κ after one chunk. */
function carryOn(k: Matrix, v: Matrix, gamma: number, chunk: number, carried: Carried): Carried {
  const total = sum(0, chunk - 1, (j) => power(gamma, chunk - 1 - j));
  const u = matrix(columns(k), columns(v), (d, e) => {
    const written = sum(0, k.length - 1, (j) => (power(gamma, chunk - 1 - j) / total) * k[j]![d]! * v[j]![e]!);
    return power(gamma, chunk) * carried.u[d]![e]! + written;
  });
  return carriedAs(u);
}

/** Adds κ to U. */
function carriedAs(u: Matrix): Carried {
  const columnSums = vector(columns(u), (e) => absoluteSum(u.map((row) => row[e]!)));
  return { u, kappa: Math.max(1, ...columnSums) };
}

/** Σ_i |x_i|. */
function absoluteSum(x: Vector): number {
  return sum(0, x.length - 1, (i) => Math.abs(x[i]!));
}

/** Σ_m a_m v_m over the first rows of v. The number of weights is the number of rows. */
function weightedSum(weights: Vector, v: Matrix): Vector {
  return vecMat(weights, v.slice(0, weights.length));
}

/** The definition of each reading of `retentionNorm`, for a whole sequence. */
export const retainBy: { readonly [N in Reading<'retentionNorm'>]: Retain } = {
  none: (q, k, v, gamma) => denseRetention(q, k, v, gamma),
  decay: (q, k, v, gamma) => decayNormalised(q, k, v, gamma),
  torchscale: torchscaleParallel,
};
