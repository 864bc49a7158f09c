/** @file Describes one number of an answer, with its expected value and its bound. */

/** The kind of bound: a running bound, a first-order bound, or the first-order bound of a weighted sum of many numbers. */
export type Measure = 'bound' | 'first order' | 'projection';

/** A number of an answer, with its expected value. */
export interface Place {
  /** The name of the tensor: `out/…` or `grad/…`. */
  readonly tensor: string;
  readonly element: number;
  readonly expected: number;
  readonly answered: number;
  /** The bound on |answered − expected|; for a projection, the bound on the weighted sum. */
  readonly bound: number;
  /** |answered − expected| / bound; for a projection, |sum| / bound. Right when at most 1. */
  readonly ratio: number;
  readonly by: Measure;
}

/** Returns |answered − expected| / bound: 0 if both are the same, ∞ if they differ and one of them is NaN or infinite. */
export function ratioOf(answered: number, expected: number, bound: number): number {
  if (answered === expected || Object.is(answered, expected)) return 0;
  const ratio = Math.abs(answered - expected) / bound;
  return Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
}

/** Makes the place of one element of a tensor. */
export const placeAt = (
  tensor: string,
  element: number,
  expected: Float64Array,
  answered: Float64Array,
  bound: number,
  by: Measure,
): Place => ({
  tensor,
  element,
  expected: expected[element]!,
  answered: answered[element]!,
  bound,
  ratio: ratioOf(answered[element]!, expected[element]!, bound),
  by,
});
