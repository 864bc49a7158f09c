/** @file Times training steps of DenseRetNet on the processor: eager, compiled by two backends, and in PyTorch, in turns. */
import { f32 } from '../src/executors/f32/index.ts';
import { f64 } from '../src/executors/f64/index.ts';
import { type Backend, compile } from '../src/executors/gpu/index.ts';
import { indexInput, input, read } from '../src/tensor/input.ts';
import type { Executor, Value } from '../src/tensor/value.ts';
import { factorsOf, trainingSteps } from '../src/training/index.ts';
import { drawBatches, initialList, rate, type Size, trainingOf } from './gpu/model.ts';
import { theirs } from './gpu/steps.ts';

const sizes: readonly Size[] = [
  { width: 64, heads: 2, layers: 3, batch: 8, length: 64 },
  { width: 128, heads: 2, layers: 4, batch: 12, length: 64 },
  { width: 256, heads: 4, layers: 4, batch: 8, length: 128 },
];

/** Steps that are not counted, those that are, and the seconds after which a way is not tried again. */
const [warmUp, samples, mostSeconds] = [4, 9, 20];

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0);

/** Takes one training step, and returns its loss. */
type Step = () => Promise<number>;

/** A way to train, and how to end it. */
interface Way {
  readonly name: string;
  readonly step: Step;
  dispose(): Promise<void>;
}

/** The arrays of a first step. */
function arraysOf(size: Size) {
  const params = initialList(size);
  const zeros = new Float32Array(params.length);
  const factors = Float32Array.from(factorsOf(trainingOf(size, 1).optimizer, () => rate, 1, 1));
  return { state: { params, first: zeros, second: zeros }, given: { factors, ...drawBatches(size, 0, 1) } };
}

function eager(name: string, on: Executor, size: Size): Way {
  const { equation, inputs } = trainingSteps(trainingOf(size, 1));
  const { state, given } = arraysOf(size);
  const valuesOf = (arrays: Readonly<Record<string, Float32Array>>): Record<string, Value> =>
    Object.fromEntries(
      Object.entries(arrays).map(([key, numbers]) => {
        const { shape, kind } = inputs[key]!;
        return [key, (kind === 'index' ? indexInput : input)(on, numbers, shape)];
      }),
    );
  const batch = valuesOf(given);
  let current = valuesOf(state);
  const step: Step = async () => {
    const { losses, ...next } = equation({ ...current, ...batch });
    current = next as Record<string, Value>;
    return read(losses!)[0]!;
  };
  return { name, step, dispose: async () => undefined };
}

async function compiled(backend: Backend, size: Size): Promise<Way> {
  const { equation, inputs, keep } = trainingSteps(trainingOf(size, 1));
  const { state, given } = arraysOf(size);
  const f = await compile(equation, inputs, { backend, keep });
  let start: Readonly<Record<string, Float32Array>> = state;
  const step: Step = async () => {
    const { losses } = await f({ ...start, ...given });
    start = {};
    return losses![0]!;
  };
  return { name: `${backend} (${f.ran.executorKind})`, step, dispose: () => f.dispose() };
}

/** Times the ways in turns, so that other work of the machine slows all of them. */
export async function training(): Promise<void> {
  for (const size of sizes) {
    const ways = [
      eager('eager f64', f64, size),
      eager('eager f32', f32, size),
      await compiled('webasm', size),
      await compiled('wasm', size),
    ];
    const tokens = size.batch * size.length;
    const seconds = ways.map((): number[] => []);
    const losses: number[] = [];
    for (let round = 0; round < warmUp + samples; round++) {
      for (const [k, { step }] of ways.entries()) {
        // a slow way needs few samples, and nothing to warm up
        if (seconds[k]!.length > 0 && sumOf(seconds[k]!) > mostSeconds) continue;
        const began = performance.now();
        const loss = await step();
        losses[k] ??= loss;
        const taken = (performance.now() - began) / 1e3;
        if (round >= warmUp || taken > mostSeconds / 4) seconds[k]!.push(taken);
      }
    }
    const medians = seconds.map((own) => own.toSorted((a, b) => a - b)[Math.floor(own.length / 2)]!);
    console.log(`${initialList(size).length} parameters, ${size.batch} × ${size.length} tokens`);
    for (const [k, { name, dispose }] of ways.entries()) {
      const ratio = (medians[2]! / medians[k]!).toPrecision(3);
      console.log(
        `  ${name.padEnd(20)} ${(tokens / medians[k]!).toFixed(0).padStart(7)} tokens/s  ${ratio} of webasm  first loss ${losses[k]}`,
      );
      await dispose();
    }
    for (const row of theirs(size, 1)) {
      if (typeof row.milliseconds === 'number')
        console.log(
          `  ${String(row.by).padEnd(20)} ${((tokens / row.milliseconds) * 1e3).toFixed(0).padStart(7)} tokens/s`,
        );
    }
  }
}
