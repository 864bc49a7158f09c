/** @file Measures how the time of each mode of retention grows with the length of the sequence. */
import { f64 } from '../src/executors/f64/index.ts';
import { chunkwiseRetention } from '../src/nn/retention/chunkwise.ts';
import type { Retention } from '../src/nn/retention/inputs.ts';
import { emptyState } from '../src/nn/retention/inputs.ts';
import { parallelRetention } from '../src/nn/retention/parallel.ts';
import { recurrentRetention } from '../src/nn/retention/recurrent.ts';
import { input } from '../src/tensor/input.ts';
import { rng } from '../src/tensor/random.ts';
import type { Value } from '../src/tensor/value.ts';
import type { Trial } from './measure.ts';
import { bothWays, sweep } from './sweep.ts';

const [b, h, d, e] = [1, 2, 8, 16] as const;
const decay = [31 / 32, 63 / 64];

/** Makes trials of retention in a mode over t tokens. */
function trialsOf(name: string, mode: Retention, t: number): [Trial, Trial] {
  const random = rng(t);
  const values = (width: number): Value =>
    input(f64, Float64Array.from({ length: b * h * t * width }, random.normal), [b, h, t, width]);
  const [q, k, v] = [values(d), values(d), values(e)];
  const run = (xs: { q: Value; k: Value; v: Value; state: Value }) => {
    const { output, state: last } = mode({ ...xs, decay }, xs.state);
    return { output, last };
  };
  return bothWays(name, t, run, { q, k, v, state: emptyState({ q, v }) });
}

/** Prints times and the exponent of their growth for each mode. */
export async function recurrence(): Promise<void> {
  const grow = (name: string, mode: Retention, lengths: readonly number[]): Promise<void> =>
    sweep(name, (t) => trialsOf(name, mode, t), lengths);
  await grow('recurrent', recurrentRetention, [256, 512, 1024, 2048, 4096, 8192]);
  await grow('chunkwise (64)', chunkwiseRetention(64), [256, 512, 1024, 2048, 4096, 8192]);
  await grow('parallel', parallelRetention, [256, 512, 1024, 2048]);
}
