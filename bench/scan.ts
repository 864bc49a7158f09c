/** @file Measures how the time of each mode of a state space model grows with the length of the sequence. */
import { f64 } from '../src/executors/f64/index.ts';
import { emptySsmState } from '../src/nn/ssm/inputs.ts';
import { type SsmMode, ssmIn } from '../src/nn/ssm/modes.ts';
import { input } from '../src/tensor/input.ts';
import { rng } from '../src/tensor/random.ts';
import { type Shape, sizeOf } from '../src/tensor/shape.ts';
import type { Value } from '../src/tensor/value.ts';
import type { Trial } from './measure.ts';
import { bothWays, sweep } from './sweep.ts';

const [b, e, n] = [1, 4, 8] as const;
const lengths = [256, 512, 1024, 2048, 4096, 8192, 16384];

/** Makes trials of a state space model with diagonal decays, in a mode over t tokens. */
function trialsOf(name: string, mode: SsmMode, t: number): [Trial, Trial] {
  const random = rng(t);
  const values = (shape: Shape): Value =>
    input(f64, Float64Array.from({ length: sizeOf(shape) }, random.normal), shape);
  const decays = Float64Array.from({ length: e * n }, (_, i) => 1 - 2 ** (-1 - (i % 10)));
  const a = input(f64, decays, [e, n]);
  const model = { x: values([b, t, e]), a, b: values([e, n]), c: values([e, n]), state: emptySsmState(a, b) };
  const run = ({ state, ...inputs }: typeof model) => ({ ...ssmIn(mode)(inputs, state) });
  return bothWays(name, t, run, model);
}

/** Prints times and the exponent of their growth for each mode. */
export async function scan(): Promise<void> {
  const grow = (name: string, mode: SsmMode): Promise<void> => sweep(name, (t) => trialsOf(name, mode, t), lengths);
  await grow('recurrent', { name: 'recurrent' });
  await grow('linearScan', { name: 'scan' });
  await grow('log-step', { name: 'logStep' });
  await grow('chunkwise (64)', { name: 'chunkwise', chunkSize: 64 });
  await grow('direct convolution', { name: 'direct' });
  await grow('FFT convolution', { name: 'fft' });
}
