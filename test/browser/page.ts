/** @file Exposes functions in a page for the test. It imports the library from its sources, as a user's page does. */
import * as fc from 'fast-check';
import { type Backend, type CompileOptions, compile } from '../../src/executors/gpu/index.ts';
import { mul, sum, valueAndGrad } from '../../src/index.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { factorsOf, type RunState, type TrainEvent, trainingSteps } from '../../src/training/index.ts';
import { noCases, operatorSubjects, refusalOf, together, tryOn } from '../executors/gpu/support.ts';
import { products } from '../support/products.ts';
import { rate, referenceLosses } from '../support/training/reference.ts';
import { withoutTimes } from '../support/training/run.ts';
import { type Size, smallTraining } from '../support/training/small.ts';

/** Compiles Σ x³ and its gradient for x of `count` numbers. */
const cubes = (backend: Backend | 'auto', count: number) =>
  compile(
    ({ x }) => {
      const { value, gradient } = valueAndGrad((u) => sum(mul(u, mul(u, u))), x!);
      return { value, gradient };
    },
    { x: { shape: [count] } },
    { backend },
  );

// on SwiftShader the kernels of a larger model take seconds
const size = { width: 16, layers: 2, denseLayers: 1 };
const steps = 2;

/** Trains a DenseRetNet for four steps in two calls. */
async function trained(size: Size, options: CompileOptions) {
  const { training, init, batches } = smallTraining(steps, 1, size);
  const { equation, inputs, keep } = trainingSteps(training);
  const f = await compile(equation, inputs, { ...options, keep });
  const zeros = new Float32Array(init.length);
  const factors = Float32Array.from(factorsOf(training.optimizer, rate, 1, steps));
  const first = await f({ params: Float32Array.from(init), first: zeros, second: zeros, factors, ...batches(0) });
  const later = await f({ factors, ...batches(1) });
  await f.dispose();
  return { ran: f.ran, losses: [...first.losses!, ...later.losses!] };
}

declare const Worker: new (
  url: URL,
  options: { readonly type: 'module' },
) => {
  onmessage(event: { readonly data: TrainEvent | null }): void;
  onerror(event: { readonly message: string }): void;
  postMessage(message: unknown): void;
  terminate(): void;
};

/** The events that a worker posts when it is sent a state, until one that ends them. */
const postedBy = (state: RunState | undefined, isLast: (event: TrainEvent) => boolean) =>
  new Promise<TrainEvent[]>((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const events: TrainEvent[] = [];
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }) => {
      if (data !== null) events.push(data);
      if (data !== null && !isLast(data)) return;
      worker.terminate();
      resolve(events);
    };
    worker.postMessage(state);
  });

/** Events with their arrays as lists, as JSON has no arrays of single precision. */
const listed = (events: readonly TrainEvent[]): object[] =>
  events.map((event) =>
    JSON.parse(
      JSON.stringify(withoutTimes(event), (_, x) => (ArrayBuffer.isView(x) ? Array.from(x as Float32Array) : x)),
    ),
  );

const page = {
  /** Σ x³ at x = 0, 1, …, the first `shown` numbers of its gradient 3 x², and the backend that ran. */
  async gradient(backend: Backend | 'auto', count: number, shown: number) {
    const f = await cubes(backend, count);
    const { value, gradient } = await f({ x: Float32Array.from({ length: count }, (_, i) => i) });
    await f.dispose();
    return { ran: f.ran, value: value![0]!, gradient: [...gradient!.subarray(0, shown)] };
  },

  /** Eager products in both precisions. */
  products: async (n: number): Promise<number[][]> => products(n),

  /** The error message of a backend that does not run. */
  refusal: (backend: Backend): Promise<string> => refusalOf(cubes(backend, 3)),

  /** Compares a mode of an operator, with gradients, to f64 on drawn cases. Throws if an error exceeds its bound. */
  async operator(backend: Backend, name: string, mode: string, seed: number) {
    fc.configureGlobal({ seed });
    let tally = noCases;
    for (const subject of operatorSubjects(operators.find((one) => one.name === name)!, mode, 1)) {
      tally = together(tally, await tryOn(backend, subject, 3));
    }
    return { ratio: tally.verdict.ratio, cases: tally.cases, bounded: tally.bounded };
  },

  /** Losses of four training steps of a DenseRetNet in two calls, the f64 losses, bounds for the first two, and the backend. */
  async training(backend: Backend) {
    const reference = referenceLosses(steps, 1, size);
    return {
      ...(await trained(size, { backend })),
      expected: [...reference.exact, ...reference.later],
      bounds: [...reference.bounds],
    };
  },

  /**
   * Events of a run in a worker, up to its first checkpoint, and of one in another worker that continues from there. States are sent
   * as they are, and returned as lists.
   */
  async worker() {
    const first = await postedBy(undefined, ({ kind }) => kind === 'checkpoint');
    const last = first.at(-1)!;
    const rest = await postedBy(last.kind === 'checkpoint' ? last.state : undefined, () => false);
    return { first: listed(first), rest: listed(rest) };
  },

  /** Losses of training steps that have work for two threads, where the page may share memory. */
  async threads() {
    const { ran, losses } = await trained(
      { ...size, width: 64, batch: 8, length: 32 },
      { backend: 'wasm', threads: 2 },
    );
    return {
      isIsolated: (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated,
      threads: ran.threads,
      losses,
    };
  },
};

/** The type of the page's global `densessm`. */
export type Exposed = typeof page;

Object.assign(globalThis, { densessm: page });
