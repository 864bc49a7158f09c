/** @file Compares numbers with expected ones, element by element, within an allowance for each. */

/** The worst element of a comparison. */
export interface Verdict {
  /** Worst |error| / allowed: right when at most 1. Where exactness is asked for, 0 or infinity. */
  readonly ratio: number;
  /** The largest |error|, relative to the largest number of the tensor it is in. */
  readonly error: number;
  /** The worst element with both numbers; empty where all are exactly right. */
  readonly where: string;
  /** The number of compared elements, and of loose ones, whose allowance is over a thousandth of the tensor's largest element. */
  readonly compared: number;
  readonly loose: number;
}

/** The verdict on nothing. */
export const flawless: Verdict = { ratio: 0, error: 0, where: '', compared: 0, loose: 0 };

/** A verdict on something that could not be compared at all. */
export const infinitelyWrong = (where: string): Verdict => ({
  ratio: Number.POSITIVE_INFINITY,
  error: Number.POSITIVE_INFINITY,
  where,
  compared: 0,
  loose: 0,
});

/** Whether a verdict is right. */
export const isRight = ({ ratio }: Verdict): boolean => ratio <= 1;

/** The worse of two verdicts, with the larger error of both. */
export const worse = (a: Verdict, b: Verdict): Verdict => ({
  ...(b.ratio > a.ratio ? b : a),
  error: Math.max(a.error, b.error),
  compared: a.compared + b.compared,
  loose: a.loose + b.loose,
});

/** Numbers by name. */
export type Numbers = Readonly<Record<string, Float64Array>>;

/**
 * `|actual − expected| ≤ allowed`, elementwise, for every name in `expected`. A missing name, another length, a NaN on one side
 * only and an allowance that is not finite are infinitely wrong.
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

/** `actual = expected`, bit for bit but for the sign of zero. */
export const exactly = (actual: Numbers, expected: Numbers): Verdict => within(actual, expected, () => 0);
