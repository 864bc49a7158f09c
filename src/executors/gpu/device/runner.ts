/**
 * @file Defines runners of pipelines, and a runner that calls the function of gpu.js and copies kept arrays at every call.
 */
import { fail } from '../../../tensor/errors.ts';

/** Runs a compiled pipeline. Arguments may stay on the device between calls. */
export interface Runner {
  /**
   * Runs the pipeline. A null argument keeps its previous numbers. Returns the wanted results, by number; others stay on the device.
   */
  run(args: readonly (Float32Array | null)[], wanted: readonly number[]): Promise<Float32Array[]>;
  /** Returns the elements of a result after the last run. */
  read(result: number): Promise<Float32Array>;
  /**
   * Times each kernel by itself, all kernels one after another, and the encoding of their commands. Afterwards the elements of
   * results are undefined.
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

/** Makes a runner that calls the function of gpu.js. It stores the last results on the host. */
export function byGpuJs(
  pipeline: (...args: readonly Float32Array[]) => Promise<unknown>,
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
      fail(
        'compiled function: kernels are timed on backends webgpu and wasm, on webgpu with kernels handed over by densessm',
      ),
    destroy: () => undefined,
  };
}
