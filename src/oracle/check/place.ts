/** @file One number of an answer, with its expected value and its bound. */

/** The bound on a number: its running bound, its first-order bound, or that of a weighted sum of many numbers. */
export type Measure = 'bound' | 'first order' | 'projection';

/** A number with its expected value. */
export interface Place {
  /** `out/…` or `grad/…`. */
  readonly tensor: string;
  readonly element: number;
  readonly expected: number;
  readonly answered: number;
  /** The bound on |answered − expected|; of a projection, on the whole sum. */
  readonly bound: number;
  /** |answered − expected| / bound, likewise: right when at most 1. */
  readonly ratio: number;
  readonly by: Measure;
}

/** |answered − expected| / bound: 0 where they are the same, ∞ where they are not and one of them is NaN or infinite. */
export function ratioOf(answered: number, expected: number, bound: number): number {
  if (answered === expected || Object.is(answered, expected)) return 0;
  const ratio = Math.abs(answered - expected) / bound;
  return Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
}

/** One element of a tensor as a place. */
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
