/** @file Makes values from numbers and reads them back. */
import { checkValue } from './apply.ts';
import { fail } from './errors.ts';
import { checkShape, type Shape, show, sizeOf } from './shape.ts';
import type { Executor, Value } from './value.ts';

/** Numbers in nested lists. All lists of one level have the same length. */
export type Nested = number | readonly Nested[];

/**
 * Makes a real value on an executor. Copies the numbers, which are in row-major order. Throws when they do not fill the shape.
 * @example
 * read(sum(input(f64, [1, 2, 3, 4], [2, 2]), [0])) // [4, 6]
 */
export function input(on: Executor, data: ArrayLike<number>, shape: Shape): Value {
  checkShape('input', shape);
  if (data.length !== sizeOf(shape)) {
    fail(
      `input: ${data.length} numbers do not fill shape ${show(shape)}, which holds ${sizeOf(shape)}; change one of them`,
    );
  }
  return { shape: [...shape], kind: 'real', on, data: on.input(Float64Array.from(data), shape, 'real') };
}

/**
 * Makes an index value on an executor. Indices are integers from 0 to 2²⁴, which every executor holds exactly. Throws on other
 * numbers, and when they do not fill the shape.
 * @example
 * read(gather(tensor([5, 6, 7]), indexInput(f64, [2, 0], [2]))) // [7, 5]
 */
export function indexInput(on: Executor, data: ArrayLike<number>, shape: Shape): Value {
  checkShape('indices', shape);
  if (data.length !== sizeOf(shape)) {
    fail(
      `indices: ${data.length} numbers do not fill shape ${show(shape)}, which holds ${sizeOf(shape)}; change one of them`,
    );
  }
  const wrong = Array.from(data).findIndex((n) => !Number.isInteger(n) || n < 0 || n > 2 ** 24);
  if (wrong >= 0) fail(`indices: element ${wrong} is ${data[wrong]}; an index is an integer from 0 to 2^24`);
  return { shape: [...shape], kind: 'index', on, data: on.input(Float64Array.from(data), shape, 'index') };
}

/**
 * Returns the numbers and the shape of nested lists. Throws when the lists are ragged or hold anything but numbers.
 * @example
 * flatten([[1, 2, 3], [4, 5, 6]]).shape // [2, 3]
 */
export function flatten(nested: Nested, call = 'flatten'): { data: Float64Array; shape: Shape } {
  const shape: number[] = [];
  for (let level = nested; Array.isArray(level); level = level[0]!) shape.push(level.length);
  const data: number[] = [];
  const walk = (node: Nested, position: readonly number[]): void => {
    const isList = Array.isArray(node);
    if (!isList && typeof node !== 'number') {
      fail(`${call}: element ${show(position)} is ${String(node)}, neither a number nor a list of them`);
    }
    const length = shape[position.length];
    if (isList ? node.length !== length : length !== undefined) {
      const found = isList ? `a list of ${node.length}` : 'a number';
      const wanted = length === undefined ? 'a number' : `a list of ${length}`;
      fail(
        `${call}: element ${show(position)} is ${found} where the first of its level is ${wanted}; lists of one level are equally long`,
      );
    }
    if (isList) for (const [i, part] of node.entries()) walk(part, [...position, i]);
    else data.push(node as number);
  };
  walk(nested, []);
  return { data: Float64Array.from(data), shape };
}

/**
 * Copies the numbers of a value, row-major.
 * @example
 * read(tensor([[1, 2], [3, 4]])) // [1, 2, 3, 4]
 */
export function read(x: Value): Float64Array {
  checkValue('read', 'x', x);
  return x.on.read(x.data).slice();
}

/**
 * Returns the number of a value with one element. Throws when it has another number of elements.
 * @example
 * item(sum(tensor([1, 2]))) // 3
 */
export function item(x: Value): number {
  checkValue('item', 'x', x);
  if (sizeOf(x.shape) !== 1) {
    fail(`item: shape ${show(x.shape)} holds ${sizeOf(x.shape)} elements, not one; use read, or pick one with at`);
  }
  return x.on.read(x.data)[0]!;
}
