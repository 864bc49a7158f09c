/** @file Times asynchronous calls, and prints rows. */

/** Whether to run at tiny sizes, which only show that the benchmark runs. */
export const isSmall = process.argv.includes('--small');

/** A row of results. */
export type Row = Readonly<Record<string, string | number | boolean>>;

/** The median, and the middle half, of the seconds that a call takes. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Times a call: at least 5 times, at most 50, about `seconds` in all; once before, unmeasured. */
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

/** The time of one repetition, from programs of few and of many. */
export const perRepetition = (few: Spread, many: Spread, repetitions: number): Spread => ({
  median: (many.median - few.median) / repetitions,
  low: (many.low - few.high) / repetitions,
  high: (many.high - few.low) / repetitions,
});

export const milliseconds = (seconds: number): number => Number((seconds * 1e3).toPrecision(4));

/** Prints a row as it comes. */
export function show(row: Row): Row {
  console.log(
    Object.entries(row)
      .map(([name, value]) => `${name} ${value}`)
      .join('  '),
  );
  return row;
}
