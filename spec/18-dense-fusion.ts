/**
 * @file Eq. 18: fusion by addition; also concatenation and cross-attention, the alternatives that the paper names.
 * A feature has width `w`.
 */
import { softmax } from './01-attention.ts';
import type { Equation } from './equation.ts';
import { add, dot, given, type Matrix, matVec, type Vector, vecMat } from './notation.ts';
import type { Reading } from './readings.ts';

/**
 * Eq. 18, fuse by addition: Fuse(h_t^l, H_t^l) = h_t^l + Σ_{i=1}^{m} h''_t^{l-i}.
 * Evidence [N, C, S, R].
 * `selected` are the h''_t^{l-i}, nearest layer first. If there are none, the result is h.
 * Shapes: h [w], selected [j][w], result [w].
 */
export function fuseByAddition(h: Vector, selected: readonly Vector[]): Vector {
  return selected.reduce(add, h);
}

/** The record of Eq. 18. */
export const equation18: Equation = {
  number: 18,
  name: 'fuse by addition',
  chapter: '18-dense-fusion.ts',
  evidence: ['N', 'C', 'S', 'R'],
  latex: String.raw`\mathrm{Fuse}(h_t^l, H_t^l) = h_t^l + \sum_{i=1}^{m} {h''}_t^{l-i}`,
  shapes: "h [w], h'' [j][w] -> [w]",
  note: 'A layer l < m has only J = min(l, m) sources.',
  definition: fuseByAddition,
};

/**
 * Fusion by concatenation: Fuse(h, H) = W [h; h''^{l-1}; …; h''^{l-m}].
 * Evidence [N, R] that the paper names it. The formula is our choice. W = [I, I, …] gives Eq. 18.
 * Shapes: h [w], selected [j][w], W [w, (J+1)·w], result [w].
 */
export function fuseByConcatenation(h: Vector, selected: readonly Vector[], merge: Matrix): Vector {
  return matVec(merge, [h, ...selected].flat());
}

/** Weights of fusion by cross-attention: W_q and W_k, [w, w] each. */
export interface FusionAttention {
  readonly query: Matrix;
  readonly key: Matrix;
}

/**
 * Fusion by cross-attention: Fuse(h, H) = h + Σ_i a_i h''^{l-i}, a = softmax_i((W_q h)·(W_k h''^{l-i}) / √w). The query is the
 * feature of the layer; keys and values are the shallow features. Evidence [N, R] that the paper names it. The formula is our choice:
 * it adds h, so that gates of 0 give h.
 * Shapes: h [w], selected [j][w] with J ≥ 1, result [w].
 */
export function fuseByAttention(h: Vector, selected: readonly Vector[], { query, key }: FusionAttention): Vector {
  const score = (value: Vector) => dot(matVec(query, h), matVec(key, value)) / Math.sqrt(h.length);
  return add(h, vecMat(softmax(selected.map(score)), selected));
}

/** Parameters of Fuse. Each reading of `fusion` needs some of them. */
export interface FusionMaps extends Partial<FusionAttention> {
  /** Shape [w, (J+1)·w]: columns for the layer's own feature, then for each source. Only for concatenation. */
  readonly merge?: Matrix;
}

/** Fuse of Eqs. 11, 23 and 24 under a reading of `fusion`. Without sources it returns h. Shapes: h [w], selected [j][w], result [w]. */
export function fuse(h: Vector, selected: readonly Vector[], fusion: Reading<'fusion'>, maps: FusionMaps): Vector {
  if (selected.length === 0) return h;
  switch (fusion) {
    case 'add':
      return fuseByAddition(h, selected);
    case 'concat':
      return fuseByConcatenation(h, selected, given(maps.merge, 'merge'));
    case 'attention':
      return fuseByAttention(h, selected, { query: given(maps.query, 'query'), key: given(maps.key, 'key') });
  }
}
