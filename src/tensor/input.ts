/** @file Makes values from numbers and reads them back. */
import { checkValue } from './apply.ts';
import { fail } from './errors.ts';
import { makeValue, type Nested, nestedOf } from './make.ts';
import { checkShape, type Shape, sameShape, show, sizeOf } from './shape.ts';
import type { Executor, Value } from './value.ts';

export type { Nested };

/** Throws unless numbers fill a shape. */
function checkFills(call: string, data: ArrayLike<number>, shape: Shape): void {
  checkShape(call, shape);
  if (data.length !== sizeOf(shape)) {
    fail(
      `${call}: ${data.length} numbers do not fill shape ${show(shape)}, which holds ${sizeOf(shape)}; change one of them`,
    );
  }
}

/**
 * Makes a real value on an executor. Copies the numbers, which are in row-major order. Throws when they do not fill the shape.
 * @example
 * read(sum(input(f64, [1, 2, 3, 4], [2, 2]), [0])) // [4, 6]
 */
export function input(on: Executor, data: ArrayLike<number>, shape: Shape): Value {
  checkFills('input', data, shape);
  return makeValue(on, [...shape], 'real', on.input(Float64Array.from(data), shape, 'real'));
}

/**
 * Makes an index value on an executor. Indices are integers from 0 to 2²⁴, which every executor holds exactly. Throws on other
 * numbers, and when they do not fill the shape.
 * @example
 * read(gather(tensor([5, 6, 7]), indexInput(f64, [2, 0], [2]))) // [7, 5]
 */
export function indexInput(on: Executor, data: ArrayLike<number>, shape: Shape): Value {
  checkFills('indices', data, shape);
  const wrong = Array.from(data).findIndex((n) => !Number.isInteger(n) || n < 0 || n > 2 ** 24);
  if (wrong >= 0) fail(`indices: element ${wrong} is ${data[wrong]}; an index is an integer from 0 to 2^24`);
  return makeValue(on, [...shape], 'index', on.input(Float64Array.from(data), shape, 'index'));
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

/** Numbers of a typed array, as Float32Array. */
export type Numbers = Exclude<ArrayBufferView, DataView> & ArrayLike<number>;

const isTyped = (x: unknown): x is Numbers =>
  ArrayBuffer.isView(x) && !(x instanceof DataView) && typeof (x as Partial<Numbers>)[0] !== 'bigint';

/**
 * Returns the numbers and the shape of nested lists, or of a flat list or typed array, which fills a shape that is given. Throws where it
 * does not, and where nested lists have another shape.
 */
export function shaped(
  call: string,
  numbers: Nested | Numbers,
  shape?: Shape,
): { data: ArrayLike<number>; shape: Shape } {
  const own = isTyped(numbers) ? { data: numbers, shape: [numbers.length] } : flatten(numbers, call);
  if (shape === undefined) return own;
  checkFills(call, own.data, shape);
  if (own.shape.length > 1 && !sameShape(own.shape, shape))
    fail(
      `${call}: lists of shape ${show(own.shape)} are not ${show(shape)}; give the numbers as one flat list, or reshape`,
    );
  return { data: own.data, shape };
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
 * Copies the numbers of a value as nested lists, a level for each axis. Those of a scalar are a number.
 * @example
 * toNested(tensor([1, 2, 3, 4], [2, 2])) // [[1, 2], [3, 4]]
 */
export function toNested(x: Value): Nested {
  checkValue('toNested', 'x', x);
  return nestedOf(x.on.read(x.data), x.shape);
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
