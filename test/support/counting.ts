/** @file An executor that counts its work. */
import { f64 } from '../../src/executors/f64/index.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import type { Executor } from '../../src/tensor/value.ts';

/** The work of an executor so far. */
export interface Work {
  /** Primitives applied. */
  primitives: number;
  /** Numbers in all their results. */
  numbers: number;
}

/** f64, with a count of its work. */
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
