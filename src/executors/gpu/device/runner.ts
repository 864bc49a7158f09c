/** @file Running a pipeline by gpu.js's own means: kept arrays cross the bus at every call. */
import { fail } from '../../../tensor/errors.ts';

/** A compiled pipeline whose arguments may stay on the device. */
export interface Runner {
  /** Runs it: null leaves an argument as it is. Gives the results asked for by number; the others stay on the device. */
  run(args: readonly (Float32Array | null)[], wanted: readonly number[]): Promise<Float32Array[]>;
  /** The numbers of a result as the last run left them. */
  read(result: number): Promise<Float32Array>;
  /**
   * How long each kernel takes by itself, how long all of them one after another, and how long writing their commands. Results hold
   * anything afterwards.
   */
  times(): Promise<Times>;
  destroy(): void;
}

/** Seconds. */
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

/** Runs through gpu.js's function; the arguments that results replace are held here. */
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
