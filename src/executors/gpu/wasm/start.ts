/** @file Compiles the kernels of a program to one module of WebAssembly, and runs them on one memory. */
import { fail } from '../../../tensor/errors.ts';
import type { Callee } from '../../../wasm/code.ts';
import { multiplication } from '../../../wasm/matmul.ts';
import { assemble } from '../../../wasm/module.ts';
import { type Exports, instantiate, type Memory, newMemory } from '../../../wasm/runtime.ts';
import type { Carried, Runner } from '../device/runner.ts';
import { type KernelOf, keyOf } from '../text/kernel.ts';
import type { Program } from '../trace/program.ts';
import { firstByte, type Launch, type Launches, type Place, placeArrays } from './arrays.ts';
import { type CompiledKernel, compileKernel } from './kernel.ts';
import { type Call, callsOfProduct, callsOfScan, callsOfScatter, roomFor, scan, scatter } from './routines.ts';

/** The name of a function of the module, and the arguments of a call. */
interface Step {
  readonly name: string;
  readonly calls: readonly Call[];
}

/** The memory of a program and the functions that work on it. It is given up when the program is disposed of. */
interface Machine {
  readonly memory: Memory;
  readonly functions: Exports<string>;
}

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

/** Compiles a program and places its arrays. `sizes` are those of the arguments, and `carried` the results that replace some. */
export async function startWasm(
  program: Program,
  sizes: readonly number[],
  { carried }: { readonly carried: readonly Carried[] },
): Promise<{ readonly runner: Runner; readonly executorKind: string; close(): Promise<void> }> {
  const all = launchesOf(program, sizes);
  const room = roomFor(all.launches.map(({ kernel }) => kernel.routine));
  const pages = placeArrays(all, room);
  const { steps, functions } = stepsOf(all.launches);
  const memory = newMemory(pages);
  let machine: Machine | null = { memory, functions: instantiate(assemble(functions), memory) };
  const running = (): Machine => machine ?? fail('compiled function: it has been disposed of; compile it again');
  const numbers = (place: Place): Float32Array => new Float32Array(running().memory.buffer, place.address, place.size);
  const args = all.given.filter(({ source }) => typeof source === 'number');
  for (const place of all.given) if (place.source instanceof Float32Array) numbers(place).set(place.source);
  const runner: Runner = {
    run: async (given, wanted) => {
      given.forEach((own, k) => {
        if (own !== null) numbers(args[k]!).set(own);
      });
      runSteps(running(), steps);
      const results = wanted.map((result) => numbers(all.results[result]!).slice());
      for (const { result, argument } of carried) numbers(args[argument]!).set(numbers(all.results[result]!));
      return results;
    },
    read: async (result) => numbers(all.results[result]!).slice(),
    times: async () => {
      const kernels = steps.map((step) => timed(() => runSteps(running(), [step])));
      return { kernels, together: timed(() => runSteps(running(), steps)), writing: 0 };
    },
    destroy: () => {
      machine = null;
    },
  };
  return { runner, executorKind: 'wasm', close: async () => undefined };
}

function runSteps({ functions }: Machine, steps: readonly Step[]): void {
  for (const { name, calls } of steps) {
    const f = functions[name]!;
    for (const call of calls) f(...call);
  }
}

/** Seconds that a task takes: the median of three times. */
function timed(task: () => void): number {
  const samples = [0, 1, 2].map(() => {
    const began = performance.now();
    task();
    return (performance.now() - began) / 1e3;
  });
  return samples.sort((a, b) => a - b)[1]!;
}

/** The calls of all launches in order, and the functions that they call. Equal kernels share one. */
function stepsOf(launches: readonly Launch[]): { steps: Step[]; functions: Callee[] } {
  const compiled = new Map<string, CompiledKernel>();
  const functions = new Map<string, Callee>();
  const known = (name: string, make: () => Callee): string => {
    if (!functions.has(name)) functions.set(name, make());
    return name;
  };
  const steps = launches.map(({ kernel, operands, result }): Step => {
    const [a, b, c] = operands.map((operand) => (typeof operand === 'number' ? operand : operand.address));
    const { routine } = kernel;
    if (routine?.is === 'product') {
      const name = known('multiply', () => multiplication('f32'));
      return { name, calls: callsOfProduct(routine, [a!, b ?? a!, result.address, firstByte]) };
    }
    if (routine?.is === 'scan')
      return { name: known('scan', scan), calls: callsOfScan(routine, [a!, b!, c!, result.address]) };
    if (routine?.is === 'scatter')
      return { name: known('scatter', scatter), calls: callsOfScatter(routine, [a!, b!, result.address]) };
    const key = keyOf(kernel);
    const own = compiled.get(key) ?? compileKernel(`kernel${compiled.size}`, kernel.text, kernel.size);
    compiled.set(key, own);
    const name = known(own.callee.name, () => own.callee);
    const given = operands.map((operand) => (typeof operand === 'number' ? operand : operand.address));
    return { name, calls: [[0, own.units, result.address, ...given]] };
  });
  return { steps, functions: [...functions.values()] };
}
