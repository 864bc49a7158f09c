/** @file Comparing numbers with what they should be, element by element, within an allowance for each. */

/** The worst element of a comparison. */
export interface Verdict {
  /** Worst |error| / allowed: right when at most 1. Where exactness is asked for, 0 or infinity. */
  readonly ratio: number;
  /** The largest |error|, relative to the largest number of the tensor it is in. */
  readonly error: number;
  /** Which element is worst, with both numbers; empty where all are exactly right. */
  readonly where: string;
}

/** The verdict on nothing. */
export const flawless: Verdict = { ratio: 0, error: 0, where: '' };

/** Whether a verdict is right. */
export const isRight = ({ ratio }: Verdict): boolean => ratio <= 1;

/** The worse of two verdicts, with the larger error of both. */
export const worse = (a: Verdict, b: Verdict): Verdict => ({
  ...(b.ratio > a.ratio ? b : a),
  error: Math.max(a.error, b.error),
});

/** Numbers by name. */
export type Numbers = Readonly<Record<string, Float64Array>>;

/**
 * `|actual − expected| ≤ allowed`, elementwise, for every name in `expected`. A missing name, another length, and a NaN on one
 * side only are infinitely wrong.
 */
export function within(actual: Numbers, expected: Numbers, allowed: (name: string, i: number) => number): Verdict {
  let verdict = flawless;
  for (const [name, want] of Object.entries(expected)) {
    const have = actual[name];
    if (have === undefined || have.length !== want.length) {
      const found = have === undefined ? 'missing' : `${have.length} numbers`;
      return {
        ratio: Number.POSITIVE_INFINITY,
        error: Number.POSITIVE_INFINITY,
        where: `${name}: ${found}, not ${want.length} numbers`,
      };
    }
    const size = want.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    for (let i = 0; i < want.length; i++) {
      const distance = Object.is(have[i], want[i]) ? 0 : Math.abs(have[i]! - want[i]!);
      const ratio = distance === 0 ? 0 : distance / allowed(name, i);
      const error = distance === 0 ? 0 : distance / size;
      if (!(ratio <= verdict.ratio)) {
        verdict = {
          ratio: Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio,
          error: Math.max(verdict.error, error),
          where: `${name}[${i}] is ${have[i]}, not ${want[i]}`,
        };
      } else if (error > verdict.error) verdict = { ...verdict, error };
    }
  }
  return verdict;
}

/** `actual = expected`, bit for bit but for the sign of zero. */
export const exactly = (actual: Numbers, expected: Numbers): Verdict => within(actual, expected, () => 0);
