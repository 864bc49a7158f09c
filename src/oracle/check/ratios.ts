/** @file Keeps ratios of error to bound as a histogram, for their median and maximum. */

/** Counts of ratios between neighbouring powers of 2^¼, and the largest ratio. */
export interface Ratios {
  /** The first place counts ratios of at most 2^-32, 0 included; the last those of at least 2^32. */
  readonly counts: Uint32Array;
  readonly count: number;
  readonly max: number;
}

const perOctave = 4;
const octaves = 32;

/** No ratios. */
export const noRatios: Ratios = { counts: new Uint32Array(2 * octaves * perOctave + 1), count: 0, max: 0 };

const placeOf = (ratio: number): number => {
  if (!(ratio > 2 ** -octaves)) return 0;
  return Math.min(2 * octaves * perOctave, Math.ceil((Math.log2(ratio) + octaves) * perOctave));
};

/**
 * A histogram of some ratios. NaN counts as ∞.
 * @example
 * ratiosOf([0.5, 0.25, 3]).max // 3
 */
export function ratiosOf(list: Iterable<number>): Ratios {
  const counts = new Uint32Array(noRatios.counts.length);
  let [count, max] = [0, 0];
  for (const given of list) {
    const ratio = Number.isNaN(given) ? Number.POSITIVE_INFINITY : given;
    counts[placeOf(ratio)]!++;
    count++;
    if (ratio > max) max = ratio;
  }
  return { counts, count, max };
}

/**
 * Two histograms as one.
 * @example
 * bothRatios(ratiosOf([1]), ratiosOf([2, 3])).count // 3
 */
export const bothRatios = (a: Ratios, b: Ratios): Ratios => ({
  counts: a.counts.map((count, i) => count + b.counts[i]!),
  count: a.count + b.count,
  max: Math.max(a.max, b.max),
});

/**
 * The median, up to a factor of 2^¼ too large; 0 if there are none.
 * @example
 * medianOf(ratiosOf([0.25, 0.5, 4])) // 0.5
 */
export function medianOf({ counts, count, max }: Ratios): number {
  let [place, seen] = [0, counts[0]!];
  while (2 * seen < count) seen += counts[++place]!;
  return place === 0 ? 0 : Math.min(max, 2 ** (place / perOctave - octaves));
}
