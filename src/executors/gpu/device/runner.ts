/**
 * @file The interface of a runner of pipelines, and the runner by gpu.js's own function, which copies kept arrays at every call.
 */
import { fail } from '../../../tensor/errors.ts';

/** Runs a compiled pipeline, whose arguments may stay on the device from call to call. */
export interface Runner {
  /**
   * Runs it. A null leaves an argument as it is. Returns the results that are wanted, by number; the others stay on the device.
   */
  run(args: readonly (Float32Array | null)[], wanted: readonly number[]): Promise<Float32Array[]>;
  /** The elements of a result after the last run. */
  read(result: number): Promise<Float32Array>;
  /**
   * Times each kernel by itself, all kernels one after another, and the encoding of their commands. The elements of results are
   * undefined afterwards.
   */
  times(): Promise<Times>;
  destroy(): void;
}

/** Seconds of each kernel, of all kernels together, and of encoding their commands. */
export interface Times {
  readonly kernels: readonly number[];
  readonly together: number;
  readonly writing: number;
}

/** A result that becomes an argument of the next call. */
export interface Carried {
  readonly result: number;
  readonly argument: number;
}

/** A runner by gpu.js's own function, which holds the last results on the host. */
export function byGpuJs(
  pipeline: (...args: readonly unknown[]) => Promise<unknown>,
  carried: readonly Carried[],
): Runner {
  let last: readonly Float32Array[] = [];
  let tail: Promise<unknown> = Promise.resolve();
  const call = async (args: readonly (Float32Array | null)[]): Promise<readonly Float32Array[]> => {
    const whole = args.map((numbers, k) => numbers ?? last[carried.find(({ argument }) => argument === k)!.result]!);
    last = (await pipeline(...whole)) as readonly Float32Array[];
    return last;
  };
  return {
    run: (args, wanted) => {
      const next = tail.then(() => call(args)).then((results) => wanted.map((result) => results[result]!));
      tail = next.catch(() => undefined);
      return next;
    },
    read: async (result) => {
      await tail;
      return last[result]!.slice();
    },
    times: async () =>
      fail('compiled function: kernels are timed on WebGPU only, with kernels handed over by densessm'),
    destroy: () => undefined,
  };
}
