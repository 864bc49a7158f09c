/** @file Chapter 18: dense fusion by addition. */
import { add, type Vector } from './notation.ts';

/**
 * Eq. 18, fuse by addition: Fuse(h_t^l, H_t^l) = h_t^l + Σ_{i=1}^{m} h''_t^{l-i}.
 * Evidence [N, C, R]: numbering not verified against the PDF.
 * `selected` holds the h''_t^{l-i}, nearest layer first; with none of them the result is h.
 * Shapes: h [w], selected [j][w], result [w].
 */
export function fuseByAddition(h: Vector, selected: readonly Vector[]): Vector {
  return selected.reduce(add, h);
}
