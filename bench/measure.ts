/** @file Times several functions, and prints the median and quartiles of the samples. */
import { add, configure, suite } from 'benny';

/** A function to time. */
export interface Trial {
  readonly name: string;
  /** The function to call many times. Its result is discarded. */
  run(): unknown;
  /** Floating-point operations per call. If given, the rate is printed too. */
  readonly flops?: number;
  /** Goal: at most this many seconds, or at least this many operations per second. */
  readonly goal?: { readonly seconds: number } | { readonly flopsPerSecond: number };
}

/** Times trials one after another, each for up to `seconds`, and prints a line for each. Returns the medians in seconds. */
export async function measure(title: string, trials: readonly Trial[], seconds = 0.5): Promise<number[]> {
  const medians: number[] = [];
  const cases = trials.map(({ name, run }) => add(name, () => void run()));
  const { results } = await suite(title, ...cases, configure({ cases: { minSamples: 10, maxTime: seconds } }));
  for (const [i, { details }] of results.entries()) {
    const samples = details.sampleResults.toSorted((a, b) => a - b);
    const at = (part: number): number => samples[Math.round(part * (samples.length - 1))]!;
    medians.push(at(0.5));
    console.log(line(trials[i]!, at(0.5), [at(0.25), at(0.75)]));
  }
  console.log();
  return medians;
}

function line({ name, flops, goal }: Trial, median: number, [low, high]: readonly [number, number]): string {
  const spread = `${time(low)} – ${time(high)}`;
  const rate = flops === undefined ? '' : `${(flops / median / 1e9).toFixed(2)} GFLOP/s`;
  return `${name.padEnd(34)}${time(median).padStart(10)}  ${spread.padEnd(24)}${rate.padStart(14)}${verdict(median, flops, goal)}`;
}

function verdict(median: number, flops: number | undefined, goal: Trial['goal']): string {
  if (goal === undefined) return '';
  if ('seconds' in goal) return `  goal ${time(goal.seconds)}: ${median <= goal.seconds ? 'reached' : 'MISSED'}`;
  const reached = (flops ?? 0) / median >= goal.flopsPerSecond;
  return `  goal ${goal.flopsPerSecond / 1e9} GFLOP/s: ${reached ? 'reached' : 'MISSED'}`;
}

/** Formats a time with three digits and a unit, such as `1.25 µs`. */
function time(seconds: number): string {
  const [scale, unit] =
    seconds < 1e-6 ? [1e9, 'ns'] : seconds < 1e-3 ? [1e6, 'µs'] : seconds < 1 ? [1e3, 'ms'] : [1, 's'];
  return `${(seconds * scale).toPrecision(3)} ${unit}`;
}
