/** @file The f32 executor: evaluates primitives eagerly as f64 does, on arrays of single precision. */
import { sizeOf } from '../../tensor/shape.ts';
import type { Executor } from '../../tensor/value.ts';
import { evaluate } from '../f64/rules.ts';

/**
 * The executor that evaluates every primitive eagerly and stores single precision: half the memory of `f64`, and products twice as
 * fast. It rounds inputs to single precision. Rules compute in double precision and round what they store, so most results are nearer
 * than single precision promises; the sums of large products are added up in single precision.
 * @example
 * read(add(input(f32, [1], [1]), 2 ** -30)) // [1]
 */
export const f32: Executor<Float32Array> = {
  name: 'f32',
  get root() {
    return f32 as Executor;
  },
  order: 0,
  open: true,
  input: (x) => new Float32Array(x),
  constant: (x) => new Float32Array(x),
  fill: (x, shape) => new Float32Array(sizeOf(shape)).fill(x),
  run: evaluate,
  read: (data) => Float64Array.from(data),
};
