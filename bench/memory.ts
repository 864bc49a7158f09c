/** @file Measures peak memory of forward and backward over a long sequence, with and without gradient checkpoints. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { checkpoint } from '../src/autograd/checkpoint.ts';
import { grad } from '../src/autograd/vjp.ts';
import { f64 } from '../src/executors/f64/index.ts';
import { recurrentSelectiveScan } from '../src/nn/selective-scan/modes.ts';
import { input } from '../src/tensor/input.ts';
import { add } from '../src/tensor/primitives/add.ts';
import { slice } from '../src/tensor/primitives/slice.ts';
import { sum } from '../src/tensor/primitives/sum.ts';
import { rng } from '../src/tensor/random.ts';
import type { Value } from '../src/tensor/value.ts';

const [t, part] = [16_384, 256];
const [b, e, n] = [1, 16, 8];

/** Goal with checkpoints: a peak of at most this many megabytes above the start. */
const goal = 130;

/** Computes the gradient of a recurrent selective scan over t tokens, `part` tokens at a time. Prints the peak memory. */
function run(isCheckpointed: boolean): void {
  const random = rng(1);
  const normal = (shape: readonly number[]): Value =>
    input(f64, Float64Array.from({ length: shape.reduce((x, y) => x * y, 1) }, random.normal), shape);
  const xs = { u: normal([b, t, e]), delta: normal([b, t, e]), b: normal([b, t, 1, n]), c: normal([b, t, 1, n]) };
  const a = input(f64, new Float64Array(e * n).fill(-1), [e, n]);
  const scan = ({ state, ...one }: typeof xs & { state: Value }) =>
    recurrentSelectiveScan({ ...one, a, deltaSoftplus: true }, state);
  const loss = (all: typeof xs): Value => {
    let [total, state]: [Value | null, Value] = [null, normal([b, e, n])];
    for (let start = 0; start < t; start += part) {
      const cut = (x: Value): Value => slice(x, 1, start, start + part);
      const given = { u: cut(all.u), delta: cut(all.delta), b: cut(all.b), c: cut(all.c), state };
      const result = isCheckpointed ? checkpoint((some: typeof given) => ({ ...scan(some) }), given) : scan(given);
      state = result.state;
      total = total === null ? sum(result.output) : add(total, sum(result.output));
    }
    return total!;
  };
  const before = process.resourceUsage().maxRSS;
  grad(loss, xs);
  console.log((process.resourceUsage().maxRSS - before) / 1024);
}

/** Runs each variant in a process of its own, to measure its peak memory. */
export async function memory(): Promise<void> {
  const peak = (kind: string): number =>
    Number(execFileSync(process.execPath, [fileURLToPath(import.meta.url), kind], { encoding: 'utf8' }));
  const [whole, parts] = [peak('whole'), peak('checkpointed')];
  console.log(`selective scan, recurrent, forward and backward, T = ${t}, ${e} channels of ${n} states`);
  console.log(`all intermediates kept            ${whole.toFixed(0).padStart(6)} MB`);
  const verdict = parts <= goal ? 'reached' : 'MISSED';
  console.log(
    `checkpoints every ${part} tokens      ${parts.toFixed(0).padStart(6)} MB  goal ${goal} MB: ${verdict}\n`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) run(process.argv[2] === 'checkpointed');
