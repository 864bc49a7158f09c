/** @file Compiling an equation, its gradient included, into one gpu.js pipeline. The one place that is asynchronous. */
import { fail } from '../../tensor/errors.ts';
import { checkShape, sizeOf } from '../../tensor/shape.ts';
import { type CallInputs, checkInputs } from './call-inputs.ts';
import { assertRan, type Backend, type Device, openDevice } from './device.ts';
import type { Kernel, KernelOf, Work } from './launches.ts';
import { checkRange } from './origins.ts';
import { argumentsOf, type Equation, traceProgram } from './program.ts';
import { checkSize, type Slot } from './trace.ts';

/** How to compile. */
export interface CompileOptions {
  /** The best that the machine has unless given. */
  readonly backend?: Backend | 'auto';
  /** Whether WebAssembly may use several threads; it does unless this is false. */
  readonly threads?: boolean;
}

/** What ran: the device, and how gpu.js ran the pipeline on it. */
export interface Ran extends Device {
  readonly executorKind: string;
  readonly work: Work;
  /** Seconds that tracing, compiling and the first run took. */
  readonly compileSeconds: number;
}

/** A compiled function. */
export interface Compiled {
  /**
   * Runs it: `real` inputs as Float32Array, `index` inputs as any of the three. Throws an InputError on a missing or unknown
   * name, a wrong length or type, an index that is no integer from 0 to 2²⁴ or outside its table, and after `dispose`.
   * NaN and ∞ are numbers like others.
   */
  (inputs: CallInputs): Promise<Record<string, Float32Array>>;
  readonly ran: Ran;
  readonly inputs: Readonly<Record<string, Slot>>;
  readonly outputs: Readonly<Record<string, Required<Slot>>>;
  /** Frees what the device holds. Calls under way may fail; later ones do. */
  dispose(): Promise<void>;
}

/**
 * Compiles `fn` for inputs of given shapes and kinds, runs it once on zeros, and returns it as an asynchronous function:
 * `const f = await compile(({ x }) => ({ y: mul(x, x) }), { x: { shape: [2] } })`, then `(await f({ x: Float32Array.of(1, 2) })).y`.
 *
 * `fn` runs once, on values that have shapes but no numbers, so its loops are unrolled; a gradient is a call of `vjp` or
 * `grad` inside it. Throws an InputError when a backend is unknown or does not run, whatever the primitives throw, when `fn`
 * reads a value, and when it returns anything but values made from its inputs.
 */
export async function compile(
  fn: Equation,
  inputs: Readonly<Record<string, Slot>>,
  { backend = 'auto', threads = true }: CompileOptions = {},
): Promise<Compiled> {
  for (const [name, { shape }] of Object.entries(inputs)) {
    checkShape(`compile: input ${name}`, shape);
  }
  const began = performance.now();
  const { device, gpu, errors, target, settings } = await openDevice(backend);
  for (const [name, { shape }] of Object.entries(inputs)) checkSize(`compile: input ${name}`, shape, target);
  const names = argumentsOf(inputs);
  const program = traceProgram(fn, inputs, target);
  const kernelOf = memoised(({ text, size, workgroup }) => {
    const own = workgroup === null ? {} : settings(workgroup);
    return gpu.createKernel(text, { output: [size], ...own }) as ReturnType<KernelOf>;
  });
  const orchestrate = (...handles: unknown[]): readonly unknown[] => program.replay(handles, kernelOf);
  // gpu.js makes as many handles as the function declares parameters
  Object.defineProperty(orchestrate, 'length', { value: names.length });
  const pipeline = gpu.createPipeline(orchestrate, { threads });

  const call = async (given: CallInputs): Promise<Record<string, Float32Array>> => {
    const before = errors.length;
    const results = (await pipeline(...names.map((name) => singles(given[name]!)))) as Float32Array[];
    assertRan(device, pipeline);
    if (errors.length > before) {
      throw new Error(`the device reported errors, so its numbers are void: ${errors.slice(before).join('; ')}`);
    }
    const named = Object.entries(program.outputs).map(([name, { result }]) => [
      name,
      results[result] ?? new Float32Array(0),
    ]);
    return Object.fromEntries(named);
  };
  let disposed: Promise<void> | undefined;
  const dispose = (): Promise<void> => {
    disposed ??= pipeline.destroy().then(() => gpu.destroy());
    return disposed;
  };
  try {
    const zeros = names.map((name) => [name, new Float32Array(sizeOf(inputs[name]!.shape))]);
    await call(Object.fromEntries(zeros));
  } catch (error) {
    await dispose();
    throw error;
  }
  const compileSeconds = (performance.now() - began) / 1e3;
  const run = async (given: CallInputs): Promise<Record<string, Float32Array>> => {
    if (disposed !== undefined) fail('compiled function: it has been disposed of; compile it again');
    checkInputs(inputs, given);
    for (const check of program.checks) checkRange(check, given);
    return call(given);
  };
  const outputs = Object.entries(program.outputs).map(([name, { shape, kind }]) => [name, { shape, kind }]);
  return Object.assign(run, {
    ran: {
      ...device,
      executorKind: pipeline.executorKind,
      work: program.work,
      compileSeconds,
    },
    inputs,
    outputs: Object.fromEntries(outputs),
    dispose,
  });
}

/** One kernel for each that differs. */
function memoised(make: KernelOf): KernelOf {
  const kernels = new Map<string, ReturnType<KernelOf>>();
  return (kernel: Kernel) => {
    const key = `${kernel.size} ${kernel.text} ${kernel.workgroup?.wgsl}`;
    const made = kernels.get(key) ?? make(kernel);
    kernels.set(key, made);
    return made;
  };
}

/** Indices become f32, which holds them exactly. gpu.js copies what it is called with. */
const singles = (x: CallInputs[string]): Float32Array => (x instanceof Float32Array ? x : Float32Array.from(x));
