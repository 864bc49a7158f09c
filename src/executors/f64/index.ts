/** @file The f64 executor, the reference: evaluates primitives eagerly in double precision, on dense row-major arrays. */

import { fail } from '../../tensor/errors.ts';
import { indexInput, input, type Nested, type Numbers, shaped } from '../../tensor/input.ts';
import { checkShape, type Shape, show, sizeOf } from '../../tensor/shape.ts';
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
 * Makes a real f64 value: from nested lists of numbers, or from a flat list or typed array in row-major order with its shape. Copies the
 * numbers. Throws when lists are ragged, when numbers do not fill the shape, and when nested lists have another.
 * @example
 * tensor([[1, 2, 3], [4, 5, 6]]).shape // [2, 3]
 * @example
 * toNested(tensor(Float32Array.of(1, 2, 3, 4), [2, 2])) // [[1, 2], [3, 4]]
 */
export function tensor(numbers: Nested | Numbers, shape?: Shape): Value {
  const own = shaped('tensor', numbers, shape);
  return input(f64, own.data, own.shape);
}

/**
 * Makes an f64 value of zeros.
 * @example
 * read(zeros([3])) // [0, 0, 0]
 */
export const zeros = (shape: Shape): Value => repeated('zeros', 0, shape);

/**
 * Makes an f64 value of ones.
 * @example
 * toNested(ones([1, 2])) // [[1, 1]]
 */
export const ones = (shape: Shape): Value => repeated('ones', 1, shape);

function allocated(call: string, shape: Shape): Float64Array {
  try {
    return new Float64Array(sizeOf(shape));
  } catch {
    return fail(
      `${call}: shape ${show(shape)} has ${sizeOf(shape)} numbers, which no array can hold; use a smaller one`,
    );
  }
}

function repeated(call: string, x: number, shape: Shape): Value {
  checkShape(call, shape);
  return input(f64, allocated(call, shape).fill(x), shape);
}

/**
 * Makes a real f64 value from one number.
 * @example
 * item(scalar(3)) // 3
 */
export const scalar = (x: number): Value => tensor(x);

/**
 * Makes an f64 value of kind index (token ids, positions) from integers from 0 to 2²⁴: nested lists, or a flat list or typed array with its
 * shape. Throws on other numbers, and where {@link tensor} does.
 * @example
 * indices([[1, 0]]).kind // 'index'
 */
export function indices(numbers: Nested | Numbers, shape?: Shape): Value {
  const own = shaped('indices', numbers, shape);
  return indexInput(f64, own.data, own.shape);
}
