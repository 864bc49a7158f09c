/** @file Running a pipeline by gpu.js's own means: kept arrays cross the bus at every call. */
import { fail } from '../../tensor/errors.ts';
import type { Encoded } from './encoder.ts';

/** What runs a compiled pipeline. */
export type Runner = Encoded;

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
