/** @file Defines shapes and their arithmetic. A shape is a list of axis lengths; elements are row-major. */
import { fail } from './errors.ts';

/** Axis lengths. `[]` is the shape of a scalar; a value with an axis of length 0 is empty. */
export type Shape = readonly number[];

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Formats a shape for error messages, such as `[2, 3]`. */
export const show = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Strides of a dense row-major array: the distance between neighbours along each axis, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Converts an axis, which may be negative to count from the end, to one counted from the front. Throws if it does not exist. */
export function axisOf(call: string, axis: number, shape: Shape): number {
  if (typeof axis !== 'number')
    fail(`${call}: an axis is of type ${typeof axis}, not a number; write an integer, as 0 or -1, or a list of them`);
  const at = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(at) || at < 0 || at >= shape.length) {
    const remedy = shape.length === 0 ? 'a scalar has no axes' : `use -${shape.length}…${shape.length - 1}`;
    fail(`${call}: axis ${axis} does not exist in shape ${show(shape)}; ${remedy}`);
  }
  return at;
}

/** Converts an axis, several, or all where none are named to axes counted from the front, each once, in order. */
export function axesOf(call: string, axes: number | readonly number[] | undefined, shape: Shape): number[] {
  const named = axes === undefined ? shape.map((_, i) => i) : [axes].flat();
  return [...new Set(named.map((axis) => axisOf(call, axis, shape)))].sort((a, b) => a - b);
}

/** Throws unless a list of numbers is a shape. */
export function checkShape(call: string, shape: Shape): void {
  if (!Array.isArray(shape)) fail(`${call}: the shape is ${String(shape)}, not a list of axis lengths; write [2, 3]`);
  for (let i = 0; i < shape.length; i++) {
    const length = shape[i]!;
    if (!Number.isInteger(length) || length < 0) {
      fail(`${call}: shape ${show(shape)} has the axis length ${length}; lengths are integers ≥ 0`);
    }
  }
}

/** Shape of two operands after broadcasting, aligned at the right. Throws where two lengths differ and neither is 1. */
export function broadcastShapes(call: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const x = i + a.length < rank ? 1 : a[i + a.length - rank]!;
    const y = i + b.length < rank ? 1 : b[i + b.length - rank]!;
    if (x !== y && x !== 1 && y !== 1) {
      fail(
        `${call}: shapes ${show(a)} and ${show(b)} do not broadcast: axis ${i - rank} is ${x} and ${y}; make them equal or one of them 1`,
      );
    }
    shape[i] = x === 1 ? y : x;
  }
  return shape;
}
