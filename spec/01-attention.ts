/** @file Eq. 1: softmax attention of one head, with a key-value cache. */
import type { Equation } from './equation.ts';
import { dot, type Matrix, matVec, type Vector, vecMat } from './notation.ts';
import type { Reading } from './readings.ts';

/** Keys and values of the tokens before the first query. One-token decoding stores them. */
export interface KeyValueCache {
  /** [s][d] */
  readonly keys: Matrix;
  /** [s][e] */
  readonly values: Matrix;
}

/** softmax(x)_i = e^{x_i} / Σ_j e^{x_j}. The largest entry is subtracted first, so that nothing overflows. Shapes: x [s], result [s]. */
export function softmax(x: Vector): Vector {
  const largest = Math.max(...x);
  const exponentials = x.map((value) => Math.exp(value - largest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

/**
 * The factor on the scores: 1 as in the notation of Eq. 1, or 1/√d as in the Transformer baseline of the released code [C].
 * Shapes: d channels of a key.
 */
export function scoreFactor(scaling: Reading<'scoreScaling'>, keyChannels: number): number {
  return scaling === 'none' ? 1 : 1 / Math.sqrt(keyChannels);
}

/** Appends the keys and values of a sequence to the cache. Shapes: k [t][d], v [t][e]. */
export function extendCache(cache: KeyValueCache, k: Matrix, v: Matrix): KeyValueCache {
  return { keys: [...cache.keys, ...k], values: [...cache.values, ...v] };
}

/** The empty cache, before the first token. */
export const emptyCache: KeyValueCache = { keys: [], values: [] };

/**
 * Eq. 1, softmax attention: o_t = W_o Σ_{i≤t} softmax_i(q_tᵀ k_i) v_i. The reading `scoreScaling` scales the scores.
 * Evidence [R].
 * The sum includes the cached tokens. With several heads, each has its own columns of W_o, and the results are added.
 * Shapes: q [t][d], k [t][d], v [t][e], W_o [o, e], cache [s][d] and [s][e], result [t][o].
 */
export function attention(
  q: Matrix,
  k: Matrix,
  v: Matrix,
  output: Matrix,
  scaling: Reading<'scoreScaling'>,
  cache: KeyValueCache = emptyCache,
): Matrix {
  const { keys, values } = extendCache(cache, k, v);
  return q.map((row, t) => {
    const seen = cache.keys.length + t + 1;
    const scores = keys.slice(0, seen).map((key) => scoreFactor(scaling, row.length) * dot(row, key));
    return matVec(output, vecMat(softmax(scores), values.slice(0, seen)));
  });
}

/** The record of Eq. 1. */
export const equation1: Equation = {
  number: 1,
  name: 'softmax attention',
  chapter: '01-attention.ts',
  evidence: ['R'],
  latex: String.raw`o_t = W_o \sum_{i \le t} \mathrm{softmax}_i(q_t^{\top} k_i)\,v_i`,
  shapes: 'q [t][d], k [t][d], v [t][e], W_o [o, e], keys [s][d], values [s][e] -> [t][o]',
  note: 'The sum runs over cached tokens too, keys and values, which the formula does not have. The reading `scoreScaling` may divide the scores by √d.',
  definition: attention,
};
