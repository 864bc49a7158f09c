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

function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = (part: number): number => sorted[Math.round(part * (sorted.length - 1))]!;
  return { median: rank(0.5), low: rank(0.25), high: rank(0.75) };
}

/** Collects samples of times, from `least` to 50, for about `seconds` in total. */
async function collect(sample: () => Promise<number>, least: number, seconds: number): Promise<Spread> {
  const samples: number[] = [];
  const began = performance.now();
  const wanted = (): boolean => samples.length < least || performance.now() - began < seconds * 1e3;
  do samples.push(await sample());
  while (!isSmall && samples.length < 50 && wanted());
  return spreadOf(samples);
}

async function secondsOf(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call();
  return (performance.now() - start) / 1e3;
}

/** Times a call, from 5 to 50 times, for about `seconds` in total. Makes one call before that without timing it. */
export async function timed(call: () => Promise<unknown>, seconds = 1): Promise<Spread> {
  await call();
  return collect(() => secondsOf(call), 5, seconds);
}

/** A program that repeats some work, and ways to run and to release it. */
export interface Chain {
  readonly call: () => Promise<unknown>;
  readonly dispose: () => Promise<void>;
}

/**
 * Time of one repetition: the difference of the times of a chain with few and one with many repetitions, which cancels all other costs. Calls
 * them in turn, as clock rates and free memory change, from 15 to 50 times.
 */
export async function perRepetition(
  chainOf: (count: number) => Promise<Chain>,
  [few, many]: readonly [number, number],
  seconds = 0.5,
): Promise<Spread> {
  const [short, long] = [await chainOf(few), await chainOf(many)];
  for (let warm = 0; warm < (isSmall ? 1 : 3); warm++) for (const { call } of [short, long]) await call();
  const spread = await collect(
    async () => (-(await secondsOf(short.call)) + (await secondsOf(long.call))) / (many - few),
    15,
    seconds,
  );
  for (const { dispose } of [short, long]) await dispose();
  return spread;
}

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
