/** @file Fits how the time of a function grows with the length of its sequence. */
import { vjp } from '../src/autograd/vjp.ts';
import type { Tree } from '../src/tensor/tree.ts';
import { measure, type Trial } from './measure.ts';

/** Makes trials of a function of t tokens: forward, and forward with backward. */
export const bothWays = <X extends Tree>(name: string, t: number, run: (xs: X) => Tree, xs: X): [Trial, Trial] => [
  { name: `${name} forward, T = ${t}`, run: () => run(xs) },
  {
    name: `${name} both ways, T = ${t}`,
    run: () => {
      const { value, pullback } = vjp(run, xs);
      return pullback(value);
    },
  },
];

/** Slope of log time over log length: 1 for linear growth. */
export function exponent(lengths: readonly number[], times: readonly number[]): number {
  const [xs, ys] = [lengths.map(Math.log), times.map(Math.log)];
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, i) => (x - mx) * (ys[i]! - my)));
  return covariance / mean(xs.map((x) => (x - mx) ** 2));
}

/** Times the trials of every length, forward and with backward. Prints the exponent of growth of both. */
export async function sweep(
  name: string,
  trialsOf: (t: number) => readonly [Trial, Trial],
  lengths: readonly number[],
): Promise<void> {
  const trials = lengths.map(trialsOf);
  for (const way of [0, 1] as const) {
    const title = `${name} ${way === 0 ? 'forward' : 'both ways'}`;
    const medians = await measure(
      title,
      trials.map((both) => both[way]),
      1,
    );
    const grows = exponent(lengths, medians).toFixed(2);
    console.log(`${title}: time grows as T^${grows} from T = ${lengths[0]} to ${lengths.at(-1)}\n`);
  }
}
