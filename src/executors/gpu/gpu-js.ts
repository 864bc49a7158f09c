/** @file Runs a program by a pipeline of gpu.js. */
import { fail } from '../../tensor/errors.ts';
import { guarded } from './checks.ts';
import { byEncoder } from './device/encoder.ts';
import { assertRan } from './device/open.ts';
import type { GpuJsParts, OpenDevice } from './device/open-device.ts';
import { withPipelines } from './device/pipelines.ts';
import { byGpuJs, type Carried, type Runner } from './device/runner.ts';
import { type KernelOf, keyOf } from './text/kernel.ts';
import { withoutQuotients } from './text/places.ts';
import type { Program } from './trace/program.ts';

/** A program that runs: its runner, and the kind of its executor. */
export interface Started {
  readonly runner: Runner;
  readonly executorKind: string;
  /** Frees the resources of the program and of its device. */
  close(): Promise<void>;
}

/** A pipeline of gpu.js. */
type Pipeline = ReturnType<GpuJsParts['gpu']['createPipeline']>;

/** How a program runs. */
export interface StartOptions {
  /** The most threads. gpu.js takes one, or as many as it likes. */
  readonly threads: number;
  /** Results that become arguments of the next call. */
  readonly carried: readonly Carried[];
  /** Number of kernels in a submission. With 0, gpu.js submits them. */
  readonly kernelsAtOnce: number;
}

/** Builds the pipeline of a program. Equal kernels share one gpu.js kernel. */
function pipelineOf({ gpu, workgroupSupport }: GpuJsParts, program: Program, threads: number): Pipeline {
  const kernels = new Map<string, ReturnType<KernelOf>>();
  const kernelOf: KernelOf = (kernel) => {
    const { text, size, workgroup } = kernel;
    const key = keyOf(kernel);
    const before = kernels.get(key);
    if (before !== undefined) return before;
    const isOwn = workgroup !== null && 'settings' in workgroupSupport;
    const { source, ...settings } = isOwn
      ? workgroupSupport.settings({ ...kernel, workgroup })
      : { source: withoutQuotients(text) };
    const made = gpu.createKernel(source, { output: [size], ...settings }) as ReturnType<KernelOf>;
    kernels.set(key, made);
    return made;
  };
  const orchestrate = (...handles: unknown[]): readonly unknown[] => program.replay(handles, kernelOf);
  // gpu.js reads the number of handles to pass from the length of the function
  Object.defineProperty(orchestrate, 'length', { value: program.names.length });
  return gpu.createPipeline(orchestrate, { threads: threads > 1 });
}

/** Compiles a program, and runs it once on zeros, as gpu.js compiles it then. `sizes` are those of the arguments. */
export async function startGpuJs(
  opened: OpenDevice & { readonly gpuJs: GpuJsParts },
  program: Program,
  sizes: readonly number[],
  { threads, carried, kernelsAtOnce }: StartOptions,
): Promise<Started> {
  const { device, errors, gpuJs } = opened;
  let pipeline: Pipeline | undefined;
  const close = async (): Promise<void> => {
    await pipeline?.destroy();
    await gpuJs.gpu.destroy();
  };
  try {
    pipeline = pipelineOf(gpuJs, program, threads);
    const own = pipeline;
    if (device.backend === 'webgpu') {
      const reason = withPipelines(own, () => assertRan(device, own));
      if (reason !== null) fail(`compile: ${reason}; install the version of gpu.js that densessm depends on`);
    }
    const byItself = byGpuJs(own, carried);
    const zeros = sizes.map((size) => new Float32Array(size));
    await guarded(errors, program.work, () => byItself.run(zeros, []));
    assertRan(device, own);
    const runner = device.backend !== 'webgpu' || kernelsAtOnce === 0 ? byItself : encoded(own, carried, kernelsAtOnce);
    const run: Runner['run'] = async (args, wanted) => {
      const results = await runner.run(args, wanted);
      assertRan(device, own);
      return results;
    };
    return { runner: { ...runner, run }, executorKind: own.executorKind, close };
  } catch (error) {
    await pipeline?.destroy();
    throw error;
  }
}

function encoded(pipeline: Pipeline, carried: readonly Carried[], kernelsAtOnce: number): Runner {
  const own = byEncoder(pipeline, { carried, kernelsAtOnce });
  if ('run' in own) return own;
  return fail(
    `compile: ${own.reason}; install the version of gpu.js that densessm depends on, or give tuning: { kernelsAtOnce: 0 }, which moves all arrays at every call`,
  );
}
