/** @file Prepares operands of elementwise functions: broadcasts values and turns numbers into constants. */
import { failNoValue } from './apply.ts';
import { fail } from './errors.ts';
import { makeValue } from './make.ts';
import { broadcast } from './primitives/broadcast.ts';
import { broadcastShapes, checkShape, type Shape, sameShape, show, sizeOf } from './shape.ts';
import { isValue, type Meaning, type Slack, type Value } from './value.ts';

/** A value, or a number. A number becomes a constant with the shape of the other operand. */
export type Operand = Value | number;

/**
 * Makes a constant from a table of numbers, on the root executor of `x`. `slack` is the largest error of a correct implementation's
 * table, in units of round-off. Without it, the table is rounded once. `exact` says what rounded numbers stand for. Throws when the
 * numbers do not fill the shape.
 * @example
 * read(constantLike(tensor([1, 2]), Float64Array.of(3, 4), [2])) // [3, 4]
 */
export function constantLike(x: Value, data: Float64Array, shape: Shape, slack?: Slack, exact?: Meaning): Value {
  checkShape('constantLike', shape);
  if (data.length !== sizeOf(shape)) {
    fail(
      `constantLike: ${data.length} numbers do not fill shape ${show(shape)}, which holds ${sizeOf(shape)}; change one of them`,
    );
  }
  return constant(x, data.slice(), shape, slack, exact);
}

/**
 * Returns the table that `make` makes on the root executor of `x`. `name` says all that it depends on: a trace makes it once for all
 * layers and steps.
 */
export function tableLike({ on: { root } }: Value, name: string, make: () => Value): Value {
  const before = root.tables?.get(name);
  if (before !== undefined) return before;
  const made = make();
  root.tables?.set(name, made);
  return made;
}

function constant({ on: { root } }: Value, data: Float64Array, shape: Shape, slack?: Slack, exact?: Meaning): Value {
  return makeValue(root, [...shape], 'real', root.constant(data, shape, slack, exact));
}

function filled({ on: { root } }: Value, fill: number, shape: Shape): Value {
  const data = root.fill?.(fill, shape) ?? root.constant(new Float64Array(sizeOf(shape)).fill(fill), shape);
  return makeValue(root, [...shape], 'real', data);
}

/**
 * Makes a constant that repeats one number, on the root executor of `x`.
 * @example
 * read(filledLike(tensor([1, 2]), 7, [3])) // [7, 7, 7]
 */
export function filledLike(x: Value, fill: number, shape: Shape): Value {
  checkShape('filledLike', shape);
  return filled(x, fill, shape);
}

/**
 * Makes zeros on the root executor of `x`, with the shape of `x` unless a shape is given.
 * @example
 * read(zerosLike(tensor([1, 2]))) // [0, 0]
 */
export function zerosLike(x: Value, shape: Shape = x.shape): Value {
  checkShape('zerosLike', shape);
  return filled(x, 0, shape);
}

/** Returns both operands as values of one shape: numbers become constants, shapes broadcast. Throws on other operands. */
export function operands(call: string, x: Operand, y: Operand): [Value, Value] {
  if (typeof x !== 'number' && !isValue(x)) return failNoValue(call, 'operand 0', x);
  if (typeof y !== 'number' && !isValue(y)) return failNoValue(call, 'operand 1', y);
  if (typeof x === 'number') {
    if (typeof y === 'number')
      return fail(`${call}: both operands are numbers (${x}, ${y}); one must be a value, as in scalar(${x})`);
    return [filledLike(y, x, y.shape), y];
  }
  if (typeof y === 'number') return [x, filledLike(x, y, x.shape)];
  if (sameShape(x.shape, y.shape)) return [x, y];
  const shape = broadcastShapes(call, x.shape, y.shape);
  return [broadcast(x, shape), broadcast(y, shape)];
}
