import { vjp } from '../src/autograd/vjp.ts';
import { f64 } from '../src/executors/f64/index.ts';
import { chunkwiseRetention } from '../src/nn/retention/chunkwise.ts';
import type { Retention } from '../src/nn/retention/inputs.ts';
import { emptyState } from '../src/nn/retention/inputs.ts';
import { parallelRetention } from '../src/nn/retention/parallel.ts';
import { recurrentRetention } from '../src/nn/retention/recurrent.ts';
import { input } from '../src/tensor/input.ts';
import { rng } from '../src/tensor/random.ts';
import type { Value } from '../src/tensor/value.ts';
import { measure, type Trial } from './measure.ts';

const [b, h, d, e] = [1, 2, 8, 16] as const;
const decay = [31 / 32, 63 / 64];

/** Forward, and forward with backward, of retention in a mode over t tokens. */
function trialsOf(name: string, mode: Retention, t: number): Trial[] {
  const random = rng(t);
  const values = (width: number): Value =>
    input(f64, Float64Array.from({ length: b * h * t * width }, random.normal), [b, h, t, width]);
  const [q, k, v] = [values(d), values(d), values(e)];
  const state = emptyState({ q, v });
  const run = (xs: { q: Value; k: Value; v: Value; state: Value }) => {
    const { output, state: last } = mode({ ...xs, decay }, xs.state);
    return { output, last };
  };
  return [
    { name: `${name} forward, T = ${t}`, run: () => run({ q, k, v, state }) },
    {
      name: `${name} both ways, T = ${t}`,
      run: () => {
        const { value, pullback } = vjp(run, { q, k, v, state });
        return pullback(value);
      },
    },
  ];
}

/** The slope of log time over log length: 1 is linear. */
function exponent(lengths: readonly number[], times: readonly number[]): number {
  const [xs, ys] = [lengths.map(Math.log), times.map(Math.log)];
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, i) => (x - mx) * (ys[i]! - my)));
  return covariance / mean(xs.map((x) => (x - mx) ** 2));
}

/** How the time of each mode grows with the length of the sequence. */
export async function recurrence(): Promise<void> {
  const sweep = async (name: string, mode: Retention, lengths: readonly number[]): Promise<void> => {
    const trials = lengths.map((t) => trialsOf(name, mode, t));
    for (const way of [0, 1]) {
      const medians = await measure(
        `${name} ${way === 0 ? 'forward' : 'both ways'}`,
        trials.map((both) => both[way]!),
        1,
      );
      console.log(
        `time grows as T^${exponent(lengths, medians).toFixed(2)} from T = ${lengths[0]} to ${lengths.at(-1)}\n`,
      );
    }
  };
  await sweep('recurrent', recurrentRetention, [256, 512, 1024, 2048, 4096, 8192]);
  await sweep('chunkwise (64)', chunkwiseRetention(64), [256, 512, 1024, 2048, 4096, 8192]);
  await sweep('parallel', parallelRetention, [256, 512, 1024, 2048]);
}
