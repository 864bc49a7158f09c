/** @file Intervals of numbers: which numbers an input may have, and how drawn numbers are moved there. */

/** All numbers from `low` to `high`. An end that is left out does not count; infinite ends that count admit infinite numbers. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly withoutLow?: boolean;
  readonly withoutHigh?: boolean;
}

/** All numbers, infinite ones too. */
export const everyNumber: Interval = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** All finite numbers. */
export const finiteNumbers: Interval = { ...everyNumber, withoutLow: true, withoutHigh: true };

/** Whether a number is in an interval. */
export const contains = ({ low, high, withoutLow, withoutHigh }: Interval, x: number): boolean =>
  (withoutLow === true ? x > low : x >= low) && (withoutHigh === true ? x < high : x <= high);

/** The numbers in both of two intervals. */
export function both(a: Interval, b: Interval): Interval {
  const [low, high] = [Math.max(a.low, b.low), Math.min(a.high, b.high)];
  return {
    low,
    high,
    withoutLow: [a, b].some((one) => one.low === low && one.withoutLow === true),
    withoutHigh: [a, b].some((one) => one.high === high && one.withoutHigh === true),
  };
}

/** Whether an interval has no number. */
export const isEmpty = (interval: Interval): boolean => someNumber(interval) === undefined;

/** A simple number of an interval: 0 if it has 0, else an end, else one between; undefined if it has none. */
export function someNumber(interval: Interval): number | undefined {
  const { low, high } = interval;
  const candidates = [0, high, low, (low + high) / 2, low + 1, high - 1];
  return candidates.find((x) => Number.isFinite(x) && contains(interval, x));
}

/** Moves a number into an interval: reflects it at the ends, as often as necessary. A number of the interval stays. */
export function movedInside(interval: Interval, x: number): number {
  if (contains(interval, x)) return x;
  const { low, high } = interval;
  const [nearer, width] = [x < low ? low : high, high - low];
  const reflected = Number.isFinite(width) && Number.isFinite(x) ? folded(x - low, width) + low : 2 * nearer - x;
  const found = Number.isFinite(x) ? reflected : nearer;
  return Number.isFinite(found) && contains(interval, found) ? found : someNumber(interval)!;
}

/** Folds the line onto 0 … width, as light between two mirrors. */
function folded(x: number, width: number): number {
  if (width === 0) return 0;
  const phase = Math.abs(x) % (2 * width);
  return phase <= width ? phase : 2 * width - phase;
}

/** An interval in words: `finite`, `at least -20`, `above 0 and at most 1`, `= 0`. */
export function intervalWords({ low, high, withoutLow, withoutHigh }: Interval): string {
  if (low === high) return `= ${low}`;
  const words = [
    ...(Number.isFinite(low) ? [`${withoutLow === true ? 'above' : 'at least'} ${low}`] : []),
    ...(Number.isFinite(high) ? [`${withoutHigh === true ? 'below' : 'at most'} ${high}`] : []),
  ];
  return words.length === 0 ? 'finite' : words.join(' and ');
}
