/** @file An executor that counts its primitives and numbers. */
import { f64 } from '../../src/executors/f64/index.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import type { Executor } from '../../src/tensor/value.ts';

/** The work that an executor has done so far. */
export interface Work {
  /** The number of primitives applied. */
  primitives: number;
  /** The number of elements in all their results. */
  numbers: number;
}

/** The f64 executor with a count of its work. */
export function counting(): { on: Executor; work: Work } {
  const work: Work = { primitives: 0, numbers: 0 };
  const on: Executor<Float64Array> = {
    ...f64,
    name: 'counting',
    get root() {
      return on as Executor;
    },
    run(primitive, xs, params, shape) {
      work.primitives++;
      work.numbers += sizeOf(shape);
      return f64.run(primitive, xs, params, shape);
    },
  };
  return { on: on as Executor, work };
}
