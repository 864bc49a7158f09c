/** @file Compiles an equation, gradients included, into one function that runs on a device. */
import { fail } from '../../tensor/errors.ts';
import { checkShape, sizeOf } from '../../tensor/shape.ts';
import { threadsFor } from '../../wasm/workers.ts';
import { type CallInputs, checkInputs } from './call-inputs.ts';
import { checkKept, checkMemory, checkThreads, guarded, inMemory } from './checks.ts';
import type { Device } from './device/device.ts';
import { openDevice } from './device/open.ts';
import type { OpenDevice } from './device/open-device.ts';
import type { Carried } from './device/runner.ts';
import type { Call, Work } from './fusion/schedule.ts';
import { type Started, startGpuJs } from './gpu-js.ts';
import type { Backend, Tuning } from './text/target.ts';
import { checkRange } from './trace/origins.ts';
import { type Equation, type Program, traceProgram } from './trace/program.ts';
import { checkSize, type Slot } from './trace/trace.ts';
import { startWasm } from './wasm/start.ts';

/** Options of {@link compile}. */
export interface CompileOptions {
  /** The backend to run on; the best of the machine unless given. */
  readonly backend?: Backend | 'auto';
  /** The most threads on backends `wasm` and `webasm`: as many as the machine runs at a time, but at most 8, unless given. */
  readonly threads?: number;
  /**
   * Kept inputs, each with the name of the output that replaces it after a call. They stay on the device. A later call can omit
   * them: it then uses the replaced numbers. The results of a call do not contain them; `kept` reads them.
   */
  readonly keep?: Readonly<Record<string, string>>;
  /**
   * If false, one invocation computes each element, as on backends other than WebGPU. This is slower; tests compare the faster
   * kernels with it.
   */
  readonly workgroups?: boolean;
  /** For benchmarks: choices that affect only speed. */
  readonly tuning?: Tuning;
  /** Largest total size in bytes of all arrays of the program: inputs, tables and results of kernels. */
  readonly memoryBytes?: number;
}

/** The device that runs a compiled function, and the resources that the function takes. */
export interface Ran extends Device {
  readonly executorKind: string;
  /** The number of threads on backend `wasm`. Null on others, which gpu.js runs. */
  readonly threads: number | null;
  readonly work: Work;
  /** Seconds of tracing, compiling and the first run. */
  readonly compileSeconds: number;
}

/** A launch of a kernel, and its seconds. */
export interface KernelTime extends Call {
  readonly seconds: number;
}

/** Times of the parts of a call. */
export interface Profile {
  readonly kernels: readonly KernelTime[];
  /** Seconds of running all kernels, one after another. */
  readonly together: number;
  /** Seconds that the host takes to encode all commands. */
  readonly writing: number;
}

/** A compiled function. */
export interface Compiled {
  /**
   * Runs the function on row-major arrays: `real` inputs as Float32Array, `index` inputs as any of the three types. NaN and ∞ are
   * valid. Throws an InputError on a missing or unknown name, a wrong length or type, an index that is not an integer from 0 to 2²⁴
   * or is outside its table, a device out of memory, and after `dispose`. Throws an Error when the device reports another error or
   * was lost.
   */
  (inputs: CallInputs): Promise<Record<string, Float32Array>>;
  /** Returns the elements of a kept input after the last call. Throws an InputError before the first call. */
  kept(input: string): Promise<Float32Array>;
  /**
   * Times each kernel by itself, all kernels one after another, and the encoding of their commands. Kept inputs do not change, but
   * results must be computed again before they are read. Throws an InputError on backends webasm and cpu, and after `dispose`.
   */
  profile(): Promise<Profile>;
  readonly ran: Ran;
  readonly inputs: Readonly<Record<string, Slot>>;
  readonly outputs: Readonly<Record<string, Required<Omit<Slot, 'check'>>>>;
  /** Frees the memory on the device. Pending calls may fail, and later calls throw. */
  dispose(): Promise<void>;
}

const gone = 'compiled function: it has been disposed of; compile it again';

/** Number of kernels in a submission: enough to keep a device busy while the host encodes the next kernels. */
const kernelsAtOnce = 64;

/**
 * Compiles `fn` for inputs of given shapes and kinds, runs it once on zeros, and returns it as an asynchronous function.
 *
 * `fn` runs on values that have shapes but no numbers, so its loops are unrolled. For gradients it calls `vjp` or `grad`. For a
 * graphics card it is traced three times, and must compute the same each time. Throws an InputError when a backend is unknown or
 * does not run, when `threads` is no count, when `fn` reads a value or returns anything but values computed from its inputs, when the arrays exceed the memory of
 * the device or `memoryBytes`, and when a primitive throws one.
 * @example
 * const square = await compile(({ x }) => ({ y: mul(x, x) }), { x: { shape: [2] } }, { backend: 'cpu' });
 * (await square({ x: Float32Array.of(1, 3) })).y // [1, 9]
 */
export async function compile(
  fn: Equation,
  inputs: Readonly<Record<string, Slot>>,
  options: CompileOptions = {},
): Promise<Compiled> {
  for (const [name, { shape }] of Object.entries(inputs)) checkShape(`compile: input ${name}`, shape);
  checkThreads(options.threads);
  const began = performance.now();
  const opened = await openDevice(options.backend ?? 'auto');
  const started = await start(opened, fn, inputs, options);
  return compiledOf(started, (performance.now() - began) / 1e3);
}

/** A compiled program on its device. */
interface Running extends Started {
  readonly threads: number | null;
  readonly opened: OpenDevice;
  readonly program: Program;
  readonly inputs: Readonly<Record<string, Slot>>;
  readonly keep: Readonly<Record<string, string>>;
}

/** Traces `fn`, compiles it, and runs it once on zeros. */
async function start(
  opened: OpenDevice,
  fn: Equation,
  inputs: Readonly<Record<string, Slot>>,
  options: CompileOptions,
): Promise<Running> {
  const { gpuJs } = opened;
  const { keep = {}, tuning = {} } = options;
  try {
    const program = programFor(opened, fn, inputs, options);
    const sizes = program.names.map((name) => sizeOf(inputs[name]!.shape));
    const carried = carriedOf(program, keep);
    const threads = threadsFor(8, options.threads);
    const settings = { threads, carried, kernelsAtOnce: tuning.kernelsAtOnce ?? kernelsAtOnce };
    const started =
      gpuJs === null
        ? await inMemory(program.work, () => startWasm(program, sizes, settings))
        : await startGpuJs({ ...opened, gpuJs }, program, sizes, settings);
    return { threads: null, ...started, opened, program, inputs, keep };
  } catch (error) {
    await gpuJs?.gpu.destroy();
    throw error;
  }
}

/** Traces `fn` for an open device. Throws if the program exceeds the limits of the device or of the options. */
function programFor(
  { device: { backend }, target, gpuJs }: OpenDevice,
  fn: Equation,
  inputs: Readonly<Record<string, Slot>>,
  { keep = {}, workgroups = true, tuning = {}, memoryBytes = target.totalBytes }: CompileOptions,
): Program {
  const support = gpuJs?.workgroupSupport ?? { reason: 'kernels of WebAssembly have no workgroups' };
  if (backend === 'webgpu' && workgroups && 'reason' in support) {
    fail(
      `compile: ${support.reason}; install the version of gpu.js that densessm depends on, or give workgroups: false, which is slower`,
    );
  }
  const own = { ...target, ...tuning, workgroups: workgroups && 'settings' in support };
  for (const [name, { shape }] of Object.entries(inputs)) checkSize(`compile: input ${name}`, shape, own);
  const program = traceProgram(fn, inputs, own);
  checkKept(keep, inputs, program);
  checkMemory(program.work, Math.min(memoryBytes, target.totalBytes));
  return program;
}

/** Lists the results that become arguments of the next call. */
const carriedOf = ({ names, outputs }: Program, keep: Readonly<Record<string, string>>): Carried[] =>
  Object.entries(keep).flatMap(([input, output]) => {
    const { result } = outputs[output]!;
    return result < 0 ? [] : [{ result, argument: names.indexOf(input) }];
  });

/** Makes the compiled function that users call. */
function compiledOf(running: Running, compileSeconds: number): Compiled {
  const { opened, runner, executorKind, threads, program, inputs, keep, close } = running;
  const wanted = Object.entries(program.outputs).filter(([name]) => !Object.values(keep).includes(name));
  const places = wanted.map(([, { result }]) => result).filter((result) => result >= 0);
  let isStarted = false;
  let disposed: Promise<void> | undefined;

  const call = async (given: CallInputs): Promise<Record<string, Float32Array>> => {
    if (disposed !== undefined) fail(gone);
    const missing = Object.keys(keep).filter((name) => !Object.hasOwn(given, name));
    checkInputs(isStarted ? without(inputs, missing) : inputs, given);
    for (const check of program.checks) checkRange(check, given);
    isStarted = true;
    const args = program.names.map((name) => (given[name] === undefined ? null : singles(given[name])));
    const results = await guarded(opened.errors, program.work, () => runner.run(args, places));
    return Object.fromEntries(
      wanted.map(([name, { result }]) => [name, results[places.indexOf(result)] ?? new Float32Array(0)]),
    );
  };
  const kept = async (input: string): Promise<Float32Array> => {
    const output = keep[input];
    if (output === undefined)
      fail(`compiled function: ${input} is not kept; the kept inputs are ${Object.keys(keep).join(', ')}`);
    if (!isStarted) fail(`compiled function: ${input} has no numbers yet; call the function first`);
    const { result } = program.outputs[output!]!;
    return result < 0 ? new Float32Array(0) : runner.read(result);
  };
  const profile = async (): Promise<Profile> => {
    if (disposed !== undefined) fail(gone);
    const { kernels, ...rest } = await runner.times();
    if (kernels.length !== program.calls.length) {
      throw new Error(`gpu.js runs ${kernels.length} kernels where ${program.calls.length} are meant`);
    }
    return { kernels: program.calls.map((own, k) => ({ ...own, seconds: kernels[k]! })), ...rest };
  };
  const dispose = (): Promise<void> => {
    if (disposed === undefined) runner.destroy();
    disposed ??= close();
    return disposed;
  };
  const outputs = Object.entries(program.outputs).map(([name, { shape, kind }]) => [name, { shape, kind }]);
  return Object.assign(call, {
    kept,
    profile,
    ran: { ...opened.device, executorKind, threads, work: program.work, compileSeconds },
    inputs,
    outputs: Object.fromEntries(outputs),
    dispose,
  });
}

const without = <T>(named: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(named).filter(([name]) => !names.includes(name)));

/** Copies the numbers of an input to f32, which represents all indices exactly. */
const singles = (x: Float32Array | Int32Array | Uint32Array): Float32Array =>
  x instanceof Float32Array ? x.slice() : Float32Array.from(x);
