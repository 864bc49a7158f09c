/** @file Compiling an equation, its gradient included, into one gpu.js pipeline. The one place that is asynchronous. */
import { fail } from '../../tensor/errors.ts';
import { checkShape, sameShape, show, sizeOf } from '../../tensor/shape.ts';
import { type CallInputs, checkInputs } from './call-inputs.ts';
import { assertRan, type Backend, type Device, openDevice } from './device.ts';
import { encoded } from './encoder.ts';
import type { Kernel, KernelOf, Work } from './launches.ts';
import { checkRange } from './origins.ts';
import { argumentsOf, type Equation, type Program, traceProgram } from './program.ts';
import { byGpuJs, type Runner } from './runner.ts';
import type { Tuning } from './target.ts';
import { checkSize, type Slot } from './trace.ts';

/** How to compile. */
export interface CompileOptions {
  /** The best that the machine has unless given. */
  readonly backend?: Backend | 'auto';
  /** Whether WebAssembly may use several threads; it does unless this is false. */
  readonly threads?: boolean;
  /**
   * Inputs that outputs replace, input by output: a call may leave them out, and continues with what the one before left. They
   * stay on the device, are no results of a call, and are read with `kept`.
   */
  readonly keep?: Readonly<Record<string, string>>;
  /** False has every result computed by a thread of its own, as without WebGPU: slower, and what the faster kernels are tested against. */
  readonly workgroups?: boolean;
  /** For benchmarks: choices on which only the speed depends. */
  readonly tuning?: Tuning;
  /** Most bytes that the arrays of the program may take together; as many as the device gives unless this is given. */
  readonly memoryBytes?: number;
}

/** What ran: the device, how gpu.js ran the pipeline on it, and what it takes. */
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
  /** The numbers of a kept input, as the last call left them. Throws where no call has. */
  kept(input: string): Promise<Float32Array>;
  readonly ran: Ran;
  readonly inputs: Readonly<Record<string, Slot>>;
  readonly outputs: Readonly<Record<string, Required<Slot>>>;
  /** Frees what the device holds. Calls under way may fail; later ones do. */
  dispose(): Promise<void>;
}

/** Kernels that are handed to a device at a time: enough to keep it busy while the next are written. */
const kernelsAtOnce = 64;

/**
 * Compiles `fn` for inputs of given shapes and kinds, runs it once on zeros, and returns it as an asynchronous function:
 * `const f = await compile(({ x }) => ({ y: mul(x, x) }), { x: { shape: [2] } })`, then `(await f({ x: Float32Array.of(1, 2) })).y`.
 *
 * `fn` runs once, on values that have shapes but no numbers, so its loops are unrolled; a gradient is a call of `vjp` or
 * `grad` inside it. Throws an InputError when a backend is unknown or does not run, whatever the primitives throw, when `fn`
 * reads a value, when it returns anything but values made from its inputs, and when an array or all of them take more
 * than the device or `memoryBytes` allow.
 */
export async function compile(
  fn: Equation,
  inputs: Readonly<Record<string, Slot>>,
  {
    backend = 'auto',
    threads = true,
    keep = {},
    workgroups = true,
    tuning = {},
    memoryBytes = Number.POSITIVE_INFINITY,
  }: CompileOptions = {},
): Promise<Compiled> {
  for (const [name, { shape }] of Object.entries(inputs)) checkShape(`compile: input ${name}`, shape);
  const began = performance.now();
  const { device, gpu, errors, target, settings } = await openDevice(backend);
  const names = argumentsOf(inputs);
  let program: Program;
  try {
    for (const [name, { shape }] of Object.entries(inputs)) checkSize(`compile: input ${name}`, shape, target);
    program = traceProgram(fn, inputs, { ...target, ...tuning, workgroups: workgroups && target.workgroups });
    checkKept(keep, inputs, program);
    checkMemory(program, memoryBytes);
  } catch (error) {
    await gpu.destroy();
    throw error;
  }
  const kernelOf = memoised(({ text, size, workgroup }) => {
    const own = workgroup === null ? {} : settings(workgroup);
    return gpu.createKernel(text, { output: [size], ...own }) as ReturnType<KernelOf>;
  });
  const orchestrate = (...handles: unknown[]): readonly unknown[] => program.replay(handles, kernelOf);
  // gpu.js makes as many handles as the function declares parameters
  Object.defineProperty(orchestrate, 'length', { value: names.length });
  const pipeline = gpu.createPipeline(orchestrate, { threads });

  const carried = Object.entries(keep).flatMap(([input, output]) => {
    const { result } = program.outputs[output]!;
    return result < 0 ? [] : [{ input, output, result, argument: names.indexOf(input) }];
  });
  const wanted = Object.keys(program.outputs).filter((name) => !Object.values(keep).includes(name));
  let runner: Runner = byGpuJs(pipeline, carried);
  const call = async (given: CallInputs): Promise<Record<string, Float32Array>> => {
    const before = errors.length;
    const args = names.map((name) => (given[name] === undefined ? null : singles(given[name])));
    const numbers = wanted.map((name) => program.outputs[name]!.result).filter((result) => result >= 0);
    const results = await runner.run(args, numbers);
    assertRan(device, pipeline);
    if (errors.length > before) {
      throw new Error(`the device reported errors, so its numbers are void: ${errors.slice(before).join('; ')}`);
    }
    const named = wanted.map((name) => [
      name,
      results[numbers.indexOf(program.outputs[name]!.result)] ?? new Float32Array(0),
    ]);
    return Object.fromEntries(named);
  };
  let disposed: Promise<void> | undefined;
  const dispose = (): Promise<void> => {
    runner.destroy();
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
  const atOnce = tuning.kernelsAtOnce ?? kernelsAtOnce;
  if (device.backend === 'webgpu' && atOnce > 0) {
    const own = encoded(pipeline, { carried, kernelsAtOnce: atOnce });
    if ('run' in own) runner = own;
    else console.warn(`compile: arrays cross the bus at every call: ${own.reason}`);
  }
  const compileSeconds = (performance.now() - began) / 1e3;
  const given = new Set<string>();
  const run = async (numbers: CallInputs): Promise<Record<string, Float32Array>> => {
    if (disposed !== undefined) fail('compiled function: it has been disposed of; compile it again');
    const left = Object.keys(keep).filter((name) => given.has(name) && !Object.hasOwn(numbers, name));
    checkInputs(Object.fromEntries(Object.entries(inputs).filter(([name]) => !left.includes(name))), numbers);
    for (const check of program.checks) checkRange(check, numbers);
    for (const name of Object.keys(keep)) given.add(name);
    return call(numbers);
  };
  const outputs = Object.entries(program.outputs).map(([name, { shape, kind }]) => [name, { shape, kind }]);
  return Object.assign(run, {
    kept: async (input: string): Promise<Float32Array> => {
      const place = carried.find((one) => one.input === input);
      if (place === undefined)
        fail(`compiled function: ${input} is not kept; the kept inputs are ${Object.keys(keep).join(', ')}`);
      if (given.size === 0) fail(`compiled function: ${input} has no numbers yet; call the function first`);
      return runner.read(place!.result);
    },
    ran: { ...device, executorKind: pipeline.executorKind, work: program.work, compileSeconds },
    inputs,
    outputs: Object.fromEntries(outputs),
    dispose,
  });
}

/** Throws unless every kept input is one, and the output that replaces it has its shape. */
function checkKept(
  keep: Readonly<Record<string, string>>,
  inputs: Readonly<Record<string, Slot>>,
  { outputs }: Program,
): void {
  for (const [input, output] of Object.entries(keep)) {
    const [from, to] = [outputs[output], inputs[input]];
    if (to === undefined || from === undefined) {
      fail(
        `compile: input ${input} is to be kept as output ${output}; there is no such ${to === undefined ? 'input' : 'output'}`,
      );
    }
    if (!sameShape(from!.shape, to!.shape)) {
      fail(
        `compile: kept input ${input} has shape ${show(to!.shape)}, output ${output} ${show(from!.shape)}; they must agree`,
      );
    }
    if ((to!.kind ?? 'real') === 'index')
      fail(`compile: input ${input} is of kind index; only real inputs can be kept`);
  }
}

function checkMemory({ work }: Program, memoryBytes: number): void {
  if (work.bytes > memoryBytes) {
    fail(
      `compile: the arrays of ${work.kernels} kernels take ${work.bytes} bytes together, and at most ${memoryBytes} are allowed; use smaller batches`,
    );
  }
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
const singles = (x: Float32Array | Int32Array | Uint32Array): Float32Array =>
  x instanceof Float32Array ? x.slice() : Float32Array.from(x);
