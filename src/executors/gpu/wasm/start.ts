/** @file Compiles the kernels of a program to one module of WebAssembly, and runs them on one memory. */
import { fail } from '../../../tensor/errors.ts';
import type { Carried, Runner } from '../device/runner.ts';
import { type Kernel, type KernelOf, keyOf } from '../text/kernel.ts';
import type { Program } from '../trace/program.ts';
import { type Launch, type Launches, type Place, placeArrays } from './arrays.ts';
import { type CompiledKernel, compileKernel } from './kernel.ts';
import { type Machine, startMachine } from './machine.ts';
import { operationsOf, roomFor, routineFunctions, stepsOfRoutine } from './routines.ts';
import { chunksOf, cut, type Planned, partsFor, type Step } from './steps.ts';

/** Lists the launches of a program, with `sizes` of its arguments. */
function launchesOf(program: Program, sizes: readonly number[]): Launches {
  const tables = new Map<Float32Array, Place>();
  const args = sizes.map((size, k): Place => ({ size, source: k, address: 0 }));
  const placeOf = (handle: unknown): Place | number => {
    if (!(handle instanceof Float32Array)) return handle as Place | number;
    const place = tables.get(handle) ?? { size: handle.length, source: handle, address: 0 };
    tables.set(handle, place);
    return place;
  };
  const launches: Launch[] = [];
  const kernelOf: KernelOf =
    (kernel) =>
    (...operands) => {
      const result: Place = { size: kernel.size, source: null, address: 0 };
      launches.push({ kernel, operands: operands.map(placeOf), result });
      return result;
    };
  const results = program.replay(args, kernelOf) as readonly Place[];
  return { launches, results, given: [...args, ...tables.values()] };
}

/** How a program runs. */
export interface WasmOptions {
  readonly carried: readonly Carried[];
  /** The most threads that compute it. */
  readonly threads: number;
}

/** Compiles a program and places its arrays. `sizes` are those of the arguments, and `carried` the results that replace some. */
export async function startWasm(
  program: Program,
  sizes: readonly number[],
  { carried, threads }: WasmOptions,
): Promise<{
  readonly runner: Runner;
  readonly executorKind: string;
  readonly threads: number;
  close(): Promise<void>;
}> {
  const all = launchesOf(program, sizes);
  const room = roomFor(all.launches.map(({ kernel }) => kernel.routine));
  const pages = placeArrays(all, threads * room);
  const chunks = chunksOf(plannedOf(all.launches, threads));
  let machine: Machine | null = await startMachine(chunks, { pages, room, threads: chunks.isLarge ? threads : 1 });
  const started = machine.threads;
  const running = (): Machine => machine ?? fail('compiled function: it has been disposed of; compile it again');
  const numbers = (place: Place): Float32Array => new Float32Array(running().memory.buffer, place.address, place.size);
  const args = all.given.filter(({ source }) => typeof source === 'number');
  for (const place of all.given) if (place.source instanceof Float32Array) numbers(place).set(place.source);
  // while threads compute, later calls wait, and with them their inputs
  let tail: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const next = tail.then(task);
    tail = next.catch(() => undefined);
    return next;
  };
  const runner: Runner = {
    run: (given, wanted) =>
      inTurn(async () => {
        given.forEach((own, k) => {
          if (own !== null) numbers(args[k]!).set(own);
        });
        await running().run(0, chunks.count);
        const results = wanted.map((result) => numbers(all.results[result]!).slice());
        for (const { result, argument } of carried) numbers(args[argument]!).set(numbers(all.results[result]!));
        return results;
      }),
    read: (result) => inTurn(async () => numbers(all.results[result]!).slice()),
    times: () =>
      inTurn(async () => {
        const taken = (from: number, to: number) => timed(() => running().run(from, to));
        const kernels: number[] = [];
        for (const [k] of all.launches.entries()) kernels.push(await taken(chunks.firsts[k]!, chunks.firsts[k + 1]!));
        return { kernels, together: await taken(0, chunks.count), writing: 0 };
      }),
    destroy: () => {
      machine?.end();
      machine = null;
    },
  };
  return { runner, executorKind: 'wasm', threads: started, close: async () => undefined };
}

/** Seconds that a task takes: the median of three times. */
async function timed(task: () => Promise<void>): Promise<number> {
  const samples: number[] = [];
  for (let k = 0; k < 3; k++) {
    const began = performance.now();
    await task();
    samples.push((performance.now() - began) / 1e3);
  }
  return samples.sort((a, b) => a - b)[1]!;
}

/** Cuts all launches into steps. Equal kernels share a function. */
function plannedOf(launches: readonly Launch[], threads: number): Planned[] {
  const compiled = new Map<string, CompiledKernel>();
  const kernelOf = (kernel: Kernel): CompiledKernel => {
    const key = keyOf(kernel);
    const own = compiled.get(key) ?? compileKernel(`kernel${compiled.size}`, kernel.text, kernel.size);
    compiled.set(key, own);
    return own;
  };
  const functions = routineFunctions();
  return launches.map((launch) => {
    const { kernel, operands, result } = launch;
    const given = operands.map((operand) => (typeof operand === 'number' ? operand : operand.address));
    if (kernel.routine !== null) {
      const work = operationsOf(kernel.routine);
      const steps = stepsOfRoutine(functions, kernel.routine, given, result.address, partsFor(work, threads));
      return { launch, steps, work };
    }
    const own = kernelOf(kernel);
    const step = stepOfKernel(own, [result.address, ...given], partsFor(own.operations, threads));
    return { launch, steps: [step], work: own.operations };
  });
}

/** The step of a kernel: parts of its units. */
function stepOfKernel({ callee, units, grain }: CompiledKernel, given: readonly number[], wanted: number): Step {
  const { each, parts } = cut(units, wanted, grain);
  // the last part has at least a grain, and so may compute some elements again
  const range = [
    { at: 0, step: each, most: units - Math.min(units, grain) },
    { at: each, step: each, most: units },
  ];
  return { callee, parts, args: [...range, ...given.map((at) => ({ at }))] };
}
