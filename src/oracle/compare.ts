/** @file Compares numbers with expected numbers, element by element. Each element has its own tolerance. */

/** The result of a comparison, with its worst element. */
export interface Verdict {
  /** The largest |error| / allowance: right when at most 1. In an exact comparison it is 0 or infinity. */
  readonly ratio: number;
  /** The largest |error|, relative to the largest number of its tensor. */
  readonly error: number;
  /** The worst element with both numbers; empty if all are exactly right. */
  readonly where: string;
  /** The number of compared elements. */
  readonly compared: number;
  /** The number of compared elements whose allowance is over a thousandth of their tensor's largest number. */
  readonly loose: number;
}

/** The verdict of an empty comparison. */
export const flawless: Verdict = { ratio: 0, error: 0, where: '', compared: 0, loose: 0 };

/** The verdict when no comparison is possible; `where` says why. */
export const infinitelyWrong = (where: string): Verdict => ({
  ratio: Number.POSITIVE_INFINITY,
  error: Number.POSITIVE_INFINITY,
  where,
  compared: 0,
  loose: 0,
});

/** Whether a verdict is right. */
export const isRight = ({ ratio }: Verdict): boolean => ratio <= 1;

/** Merges two verdicts: the worse ratio, the larger error, and the sums of the counts. */
export const worse = (a: Verdict, b: Verdict): Verdict => ({
  ...(b.ratio > a.ratio ? b : a),
  error: Math.max(a.error, b.error),
  compared: a.compared + b.compared,
  loose: a.loose + b.loose,
});

/** Numbers by name. */
export type Numbers = Readonly<Record<string, Float64Array>>;

/**
 * Checks `|actual − expected| ≤ allowed`, elementwise, for every name in `expected`. The ratio is infinite if a name is missing, a
 * length differs, only one side is NaN, or an allowance is not finite.
 */
export function within(actual: Numbers, expected: Numbers, allowed: (name: string, i: number) => number): Verdict {
  let [ratio, error, where, compared, loose] = [0, 0, '', 0, 0];
  for (const [name, want] of Object.entries(expected)) {
    const have = actual[name];
    if (have === undefined) return infinitelyWrong(`${name} is missing`);
    if (have.length !== want.length) return infinitelyWrong(`${name} has ${have.length} numbers, not ${want.length}`);
    const size = want.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    for (let i = 0; i < want.length; i++) {
      const allowance = allowed(name, i);
      if (!Number.isFinite(allowance)) return infinitelyWrong(`${name}[${i}] has no finite bound (${allowance})`);
      const distance = Object.is(have[i], want[i]) ? 0 : Math.abs(have[i]! - want[i]!);
      const share = distance === 0 ? 0 : distance / allowance;
      compared++;
      if (allowance > size / 1000) loose++;
      if (distance > 0) error = Math.max(error, distance / size);
      if (!(share <= ratio)) {
        ratio = Number.isNaN(share) ? Number.POSITIVE_INFINITY : share;
        where = `${name}[${i}] is ${have[i]}, not ${want[i]}`;
      }
    }
  }
  return { ratio, error, where, compared, loose };
}

/** Checks `actual = expected` bit for bit, except for the sign of zero. */
export const exactly = (actual: Numbers, expected: Numbers): Verdict => within(actual, expected, () => 0);
