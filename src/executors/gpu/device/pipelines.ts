/**
 * @file Creates the compute pipelines of a program in parallel. gpu.js itself creates one after another, which took most of the time of
 * compiling. This depends on undocumented parts of gpu.js, in the version that package.json pins.
 */

/** The parts of a WebGPU device that this file uses. */
interface PipelineDevice {
  createShaderModule(of: { readonly code: string }): ShaderModule;
  createBindGroupLayout(of: { readonly entries: readonly unknown[] }): unknown;
  createPipelineLayout(of: { readonly bindGroupLayouts: readonly unknown[] }): unknown;
  createComputePipeline(of: unknown): unknown;
  createComputePipelineAsync(of: unknown): Promise<unknown>;
}
interface ShaderModule {
  getCompilationInfo(): Promise<{ readonly messages: readonly CompilationMessage[] }>;
}
interface CompilationMessage {
  readonly type: string;
  readonly lineNum: number;
  readonly linePos: number;
  readonly message: string;
}

/** The shared device of gpu.js. */
export interface Context {
  readonly device: PipelineDevice;
}

/** The parts of a gpu.js kernel that belong to its compute pipeline. */
export interface PipelineParts {
  context: Context;
  _device: PipelineDevice;
  bindGroupLayout: unknown;
  computePipeline: unknown;
  built: boolean;
  readonly compiledSource: string;
  readonly paramsLayout: { readonly arrayArgs: readonly unknown[] };
}

const visibility = 4;

/** Number of compute pipelines that a device compiles at the same time. More threads than cores only wait for each other. */
const pipelinesAtOnce = 16;

/** Starts tasks in order, each as soon as fewer than `atOnce` are running. */
export function queue(atOnce = pipelinesAtOnce): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= atOnce) await new Promise<void>((start) => waiting.push(start));
    else running++;
    try {
      return await task();
    } finally {
      // hands its place over
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

/** Creates a compute pipeline on a device. */
export type Creation = (device: PipelineDevice, of: unknown) => Promise<unknown>;

/** Creates pipelines in threads of the device. */
export function inThreads(): Creation {
  const inTurn = queue();
  return (device, of) => inTurn(() => device.createComputePipelineAsync(of));
}

/**
 * Creates pipelines at once, for devices that are software in Node: it asks for the result of threads without a pause, which would take
 * as much of the processor as the threads. A browser waits for its threads.
 */
export const inLine: Creation = async (device, of) => device.createComputePipeline(of);

/**
 * Begins to create the compute pipeline of a kernel that gpu.js has translated. `computePipeline` is a promise of it, which
 * {@link withPipelines} awaits.
 */
export function beginPipeline(kernel: PipelineParts, context: Context, create: Creation): void {
  const { device } = context;
  const module = device.createShaderModule({ code: kernel.compiledSource });
  const buffers = ['uniform', ...kernel.paramsLayout.arrayArgs.map(() => 'read-only-storage'), 'storage'];
  const layout = device.createBindGroupLayout({
    entries: buffers.map((type, binding) => ({ binding, visibility, buffer: { type } })),
  });
  const pipeline = create(device, {
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'main' },
  }).catch(async (error: unknown) => {
    throw new Error(`${await reportOf(module, error)}\nin the kernel\n${kernel.compiledSource}`);
  });
  // an earlier error may end the program before anything awaits this one
  pipeline.catch(() => undefined);
  Object.assign(kernel, { context, _device: device, bindGroupLayout: layout, computePipeline: pipeline, built: true });
}

/** Describes why no pipeline was created: by the errors of its text, if it has any. */
async function reportOf(module: ShaderModule, error: unknown): Promise<string> {
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter(({ type }) => type === 'error');
  if (errors.length === 0) return `a compute pipeline was not created: ${error}`;
  return errors.map(({ lineNum, linePos, message }) => `line ${lineNum}, column ${linePos}: ${message}`).join('\n');
}

/** The parts of a pipeline of gpu.js that this file uses. Its executor is false where it could not be made. */
interface Preparation {
  _executor?: false | { readonly _passes: readonly { pipeline: unknown }[] };
  _prepareExecutor?(args: unknown): unknown;
}

/**
 * Makes a pipeline of gpu.js wait for all compute pipelines before its first run. Returns the reason if this version of gpu.js does not
 * support that. `failed` throws where gpu.js could not prepare its executor.
 */
export function withPipelines(pipeline: unknown, failed: () => void): string | null {
  const own = (pipeline as { readonly pipeline?: Preparation }).pipeline;
  if (typeof own?._prepareExecutor !== 'function') return "gpu.js's pipelines have no _prepareExecutor";
  const prepare = own._prepareExecutor.bind(own);
  own._prepareExecutor = async (args) => {
    await prepare(args);
    if (!own._executor) return failed();
    for (const pass of own._executor._passes) pass.pipeline = await pass.pipeline;
  };
  return null;
}
