/** @file The f64 executor, the reference: evaluates primitives eagerly in double precision, on dense row-major arrays. */

import { flatten, indexInput, input, type Nested } from '../../tensor/input.ts';
import type { Executor, Value } from '../../tensor/value.ts';
import { evaluate } from './rules.ts';

/** The executor that evaluates every primitive eagerly in double precision. */
export const f64: Executor<Float64Array> = {
  name: 'f64',
  get root() {
    return f64 as Executor;
  },
  order: 0,
  open: true,
  input: (x) => x,
  constant: (x) => x,
  run: evaluate,
  read: (data) => data,
};

/**
 * Makes a real f64 value from nested lists of numbers. Throws when the lists are ragged.
 * @example
 * tensor([[1, 2, 3], [4, 5, 6]]).shape // [2, 3]
 */
export function tensor(nested: Nested): Value {
  const { data, shape } = flatten(nested, 'tensor');
  return input(f64, data, shape);
}

/**
 * Makes a real f64 value from one number.
 * @example
 * item(scalar(3)) // 3
 */
export const scalar = (x: number): Value => tensor(x);

/**
 * Makes an f64 value of kind index (token ids, positions) from nested lists of integers.
 * @example
 * indices([[1, 0]]).kind // 'index'
 */
export function indices(nested: Nested): Value {
  const { data, shape } = flatten(nested, 'indices');
  return indexInput(f64, data, shape);
}
