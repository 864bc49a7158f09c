/** @file Differentiates numerically by extrapolated central differences, with an error estimate. */

/** Value of a function, and the sum of the absolute values of its summands. Round-off is proportional to that sum. */
export interface Sized {
  readonly value: number;
  readonly size: number;
}

const levels = 10;
const shrink = 4;

/**
 * Computes `f'(0)` from central differences at h, h/4, h/16, …, extrapolated to h = 0 (Richardson; Neville's table as in Ridders
 * 1982). The estimated error is at least the difference of the last two extrapolations, plus the round-off of the values divided by
 * h.
 * @example
 * extrapolatedDifference((h) => ({ value: 3 * h, size: 3 * Math.abs(h) })).value // 3
 */
export function extrapolatedDifference(f: (h: number) => Sized, first = 2 ** -4): { value: number; error: number } {
  let best = { value: Number.NaN, error: Number.POSITIVE_INFINITY };
  let row: number[] = [];
  for (let i = 0, h = first; i < levels; i++, h /= shrink) {
    const [ahead, behind] = [f(h), f(-h)];
    const next = [(ahead.value - behind.value) / (2 * h)];
    // values are sums of many rounded terms; 2⁻⁴⁶ allows about a hundred roundings each
    const roundOff = (2 ** -46 * (ahead.size + behind.size)) / (2 * h);
    for (let j = 1; j <= i; j++) {
      const factor = shrink ** (2 * j);
      next[j] = (factor * next[j - 1]! - row[j - 1]!) / (factor - 1);
      const error = 8 * Math.max(Math.abs(next[j]! - next[j - 1]!), Math.abs(next[j]! - row[j - 1]!)) + roundOff;
      if (error <= best.error) best = { value: next[j]!, error };
    }
    row = next;
  }
  return best;
}
