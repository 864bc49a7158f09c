/** @file Times asynchronous calls, and prints rows. */

/** Whether to run at tiny sizes, to test the benchmark itself. */
export const isSmall = process.argv.includes('--small');

/** A row of results. */
export type Row = Readonly<Record<string, string | number | boolean>>;

/** Median and quartiles of the time of a call, in seconds. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Times a call, from 5 to 50 times, for about `seconds` in total. Makes one call before that without timing it. */
export async function timed(call: () => Promise<unknown>, seconds = 1): Promise<Spread> {
  await call();
  const samples: number[] = [];
  const began = performance.now();
  while (
    samples.length < (isSmall ? 1 : 5) ||
    (!isSmall && samples.length < 50 && performance.now() - began < seconds * 1e3)
  ) {
    const start = performance.now();
    await call();
    samples.push((performance.now() - start) / 1e3);
  }
  samples.sort((a, b) => a - b);
  const rank = (part: number): number => samples[Math.round(part * (samples.length - 1))]!;
  return { median: rank(0.5), low: rank(0.25), high: rank(0.75) };
}

/** Time of one repetition, from the times of a program with few and one with many repetitions. */
export const perRepetition = (few: Spread, many: Spread, repetitions: number): Spread => ({
  median: (many.median - few.median) / repetitions,
  low: (many.low - few.high) / repetitions,
  high: (many.high - few.low) / repetitions,
});

export const milliseconds = (seconds: number): number => Number((seconds * 1e3).toPrecision(4));

/** Prints a row immediately, and returns it. */
export function show(row: Row): Row {
  console.log(
    Object.entries(row)
      .map(([name, value]) => `${name} ${value}`)
      .join('  '),
  );
  return row;
}
