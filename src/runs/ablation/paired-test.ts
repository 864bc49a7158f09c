/** @file Computes Student's t test of paired differences, and the signs of these. */

/** A test whether the mean of paired differences is 0. */
export interface PairedTest {
  /** Pairs, and the mean and standard deviation of their differences. */
  readonly pairs: number;
  readonly mean: number;
  readonly sd: number | null;
  /** The statistic on pairs − 1 degrees of freedom and its two-sided p value; null for one pair, and where all differences are equal. */
  readonly t: number | null;
  readonly p: number | null;
  /** Differences below 0, and above. */
  readonly below: number;
  readonly above: number;
}

export const meanOf = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/** The standard deviation of a sample, over n − 1; null for fewer than two numbers. */
export function deviationOf(numbers: readonly number[]): number | null {
  if (numbers.length < 2) return null;
  const mean = meanOf(numbers);
  return Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (numbers.length - 1));
}

/**
 * The two-sided p value of Student's t: a finite sum for an integer number of degrees of freedom (Abramowitz & Stegun, 26.7.3 and
 * 26.7.4), to about 1e-15.
 * @example
 * studentP(1, 2) // 0.42264973081037427
 */
export function studentP(t: number, freedom: number): number {
  const angle = Math.atan(Math.abs(t) / Math.sqrt(freedom));
  const [sine, square] = [Math.sin(angle), Math.cos(angle) ** 2];
  const isOdd = freedom % 2 === 1;
  let [sum, term] = [0, isOdd ? Math.cos(angle) : 1];
  for (let k = isOdd ? 1 : 0; k <= freedom - 2; k += 2) {
    sum += term;
    term *= (square * (k + 1)) / (k + 2);
  }
  const inside = isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
  return Math.max(0, 1 - inside);
}

/** Tests differences of pairs, at least one. */
export function pairedTest(differences: readonly number[]): PairedTest {
  const [pairs, mean, sd] = [differences.length, meanOf(differences), deviationOf(differences)];
  const t = sd === null || sd === 0 ? null : (mean * Math.sqrt(pairs)) / sd;
  return {
    pairs,
    mean,
    sd,
    t,
    p: t === null ? null : studentP(t, pairs - 1),
    below: differences.filter((x) => x < 0).length,
    above: differences.filter((x) => x > 0).length,
  };
}
