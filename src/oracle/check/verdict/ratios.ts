/** @file Collects ratios of error to bound in a histogram, for their median and maximum. */

/** A histogram of ratios, with bins between neighbouring powers of 2^¼. */
export interface Ratios {
  /** The first bin counts ratios of at most 2^-32, including 0; the last bin also counts all ratios above 2^32. */
  readonly counts: Uint32Array;
  readonly count: number;
  readonly max: number;
}

const perOctave = 4;
const octaves = 32;

/** The empty histogram. */
export const noRatios: Ratios = { counts: new Uint32Array(2 * octaves * perOctave + 1), count: 0, max: 0 };

const placeOf = (ratio: number): number => {
  if (!(ratio > 2 ** -octaves)) return 0;
  return Math.min(2 * octaves * perOctave, Math.ceil((Math.log2(ratio) + octaves) * perOctave));
};

/**
 * Makes a histogram of ratios. NaN counts as ∞.
 * @example
 * ratiosOf([0.5, 0.25, 3]).max // 3
 */
export function ratiosOf(list: ArrayLike<number>): Ratios {
  const counts = new Uint32Array(noRatios.counts.length);
  let [count, max] = [0, 0];
  for (let i = 0; i < list.length; i++) {
    const ratio = Number.isNaN(list[i]) ? Number.POSITIVE_INFINITY : list[i]!;
    counts[placeOf(ratio)]!++;
    count++;
    if (ratio > max) max = ratio;
  }
  return { counts, count, max };
}

/**
 * Adds two histograms.
 * @example
 * bothRatios(ratiosOf([1]), ratiosOf([2, 3])).count // 3
 */
export function bothRatios(a: Ratios, b: Ratios): Ratios {
  if (b.count === 0) return a;
  const counts = a.counts.slice();
  for (let i = 0; i < counts.length; i++) counts[i]! += b.counts[i]!;
  return { counts, count: a.count + b.count, max: Math.max(a.max, b.max) };
}

/**
 * Estimates the median. It may be too large by a factor of up to 2^¼. Returns 0 for an empty histogram.
 * @example
 * medianOf(ratiosOf([0.25, 0.5, 4])) // 0.5
 */
export function medianOf({ counts, count, max }: Ratios): number {
  let [place, seen] = [0, counts[0]!];
  while (2 * seen < count) seen += counts[++place]!;
  return place === 0 ? 0 : Math.min(max, 2 ** (place / perOctave - octaves));
}
