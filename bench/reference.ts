/** @file Measures time and memory of operators with gradients and error bounds in f64, and how both grow with the length of the sequence. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { checkpoint } from '../src/autograd/checkpoint.ts';
import { vjp } from '../src/autograd/vjp.ts';
import { bounded, boundOf, float64 } from '../src/executors/bounded/index.ts';
import { chunkwiseLinearAttention } from '../src/nn/linear-attention/chunkwise.ts';
import { chunkwiseRetention } from '../src/nn/retention/chunkwise.ts';
import { scanSelectiveScan } from '../src/nn/selective-scan/modes.ts';
import { stateSpaceDuality } from '../src/nn/state-space-duality.ts';
import { input } from '../src/tensor/input.ts';
import { concat } from '../src/tensor/primitives/concat.ts';
import { slice } from '../src/tensor/primitives/slice.ts';
import { rng } from '../src/tensor/random.ts';
import { type Shape, sizeOf } from '../src/tensor/shape.ts';
import { leavesOf, mapTree } from '../src/tensor/tree.ts';
import type { Executor, Value } from '../src/tensor/value.ts';
import { exponent } from './sweep.ts';

const lengths = [512, 1024, 2048, 4096];
const [b, h, d, e] = [1, 4, 128, 128] as const;
/** The states of a channel of the selective scan, as in Mamba. */
const n = 16;
const chunk = 64;
/** Tokens between gradient checkpoints, where there are any. */
const part = 256;
const goal = { seconds: 10, megabytes: 2048, exponent: 1.1 };

type Inputs = { readonly [name: string]: Value };
type Results = { output: Value; state: Value };
/** Draws an input of a shape. */
type Draw = (shape: Shape) => Value;

/** An operator at a length: its inputs, and the function of them. */
interface Work<X extends Inputs> {
  readonly xs: X;
  readonly run: (xs: X) => Results;
}

const work = <X extends Inputs>(xs: X, run: (xs: X) => Results): Work<Inputs> => ({
  xs,
  run: run as Work<Inputs>['run'],
});

const operators: { readonly [name: string]: (t: number, normal: Draw, negative: Draw) => Work<Inputs> } = {
  'retention chunkwise': (t, normal) => {
    const decay = Array.from({ length: h }, (_, i) => 1 - 2 ** (-5 - i));
    const xs = {
      q: normal([b, h, t, d]),
      k: normal([b, h, t, d]),
      v: normal([b, h, t, e]),
      state: normal([b, h, d, e]),
    };
    return work(xs, ({ state, ...rows }) => chunkwiseRetention(chunk)({ ...rows, decay }, state));
  },
  'simpleGla chunkwise': (t, normal, negative) => {
    const rows = { q: normal([b, h, t, d]), k: normal([b, h, t, d]), v: normal([b, h, t, e]) };
    const xs = { ...rows, gate: negative([b, h, t]), state: normal([b, h, d, e]) };
    return work(xs, ({ state, ...inputs }) => chunkwiseLinearAttention(chunk)(inputs, state));
  },
  'stateSpaceDuality chunkwise': (t, normal, negative) => {
    const rows = {
      x: normal([b, h, t, e]),
      gate: negative([b, h, t]),
      b: normal([b, 1, t, d]),
      c: normal([b, 1, t, d]),
    };
    const xs = { ...rows, state: normal([b, h, e, d]) };
    return work(xs, ({ state, ...inputs }) => stateSpaceDuality(chunkwiseLinearAttention(chunk))(inputs, state));
  },
  'selectiveScan scan': (t, normal, negative) => scan(e, t, normal, negative, scanOnce),
  'selectiveScan, h e channels': (t, normal, negative) => scan(h * e, t, normal, negative, scanInParts),
};

type ScanInputs = Record<'u' | 'delta' | 'b' | 'c' | 'a' | 'state', Value>;

const scanOnce = ({ state, ...inputs }: ScanInputs): Results => ({
  ...scanSelectiveScan({ ...inputs, deltaSoftplus: true }, state),
});

/** The same with gradient checkpoints. */
function scanInParts({ a, state, ...rows }: ScanInputs): Results {
  const outputs: Value[] = [];
  let last = state;
  for (let start = 0; start < rows.u.shape[1]!; start += part) {
    const xs = mapTree(rows, (x) => slice(x, 1, start, start + part));
    const result = checkpoint(scanOnce, { ...xs, a, state: last });
    outputs.push(result.output);
    last = result.state;
  }
  return { output: concat(outputs, 1), state: last };
}

function scan(
  channels: number,
  t: number,
  normal: Draw,
  negative: Draw,
  run: (xs: ScanInputs) => Results,
): Work<Inputs> {
  const tokens = () => normal([b, t, channels]);
  const map = () => normal([b, t, 1, n]);
  const xs = {
    u: tokens(),
    delta: tokens(),
    b: map(),
    c: map(),
    a: negative([channels, n]),
    state: normal([b, channels, n]),
  };
  return work(xs, run);
}

/** Computes results, gradients and all bounds of an operator over t tokens. Prints seconds of the processor and the peak in megabytes. */
function measureHere(name: string, t: number): void {
  const random = rng(t);
  const on = bounded(float64) as Executor;
  const drawn =
    (draw: () => number): Draw =>
    (shape) =>
      input(on, Float64Array.from({ length: sizeOf(shape) }, draw), shape);
  const { xs, run } = operators[name]!(
    t,
    drawn(random.normal),
    drawn(() => -random.uniform() / 8),
  );
  const before = process.cpuUsage();
  const { value, pullback } = vjp((given: Inputs) => ({ ...run(given) }), xs);
  for (const x of leavesOf({ value, gradients: pullback(value) })) boundOf(x);
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ seconds: (user + system) / 1e6, megabytes: process.resourceUsage().maxRSS / 1024 }));
}

/** Measures every operator at every length, each in a process of its own, and prints the exponents of growth. */
export async function reference(): Promise<void> {
  console.log(
    `forward, backward and bounds in f64; b ${b}, h ${h}, d = e = ${d}; selective scan: ${e} channels of ${n} states, or ${h * e} with checkpoints every ${part} tokens`,
  );
  for (const name of Object.keys(operators)) {
    const found = lengths.map((t): { seconds: number; megabytes: number } => {
      const printed = execFileSync(process.execPath, [fileURLToPath(import.meta.url), name, String(t)], {
        encoding: 'utf8',
      });
      return JSON.parse(printed);
    });
    for (const [i, { seconds, megabytes }] of found.entries())
      console.log(
        `${name.padEnd(28)} T = ${String(lengths[i]).padStart(5)} ${seconds.toFixed(2).padStart(7)} s ${megabytes.toFixed(0).padStart(6)} MB`,
      );
    const [time, memory] = (['seconds', 'megabytes'] as const).map((of) =>
      exponent(
        lengths,
        found.map((one) => one[of]),
      ),
    ) as [number, number];
    const last = found.at(-1)!;
    const isReached = last.seconds <= goal.seconds && last.megabytes <= goal.megabytes && time <= goal.exponent;
    console.log(`time grows as T^${time.toFixed(2)}, memory as T^${memory.toFixed(2)}`);
    console.log(
      `goal ${goal.seconds} s, ${goal.megabytes} MB, T^${goal.exponent}: ${isReached ? 'reached' : 'MISSED'}\n`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) measureHere(process.argv[2]!, Number(process.argv[3]));
