/** @file Shapes: plain arrays of axis lengths, row-major, the last axis fastest. */
import { fail } from './errors.ts';

/** Axis lengths; `[]` is a scalar, a 0 makes the value empty. */
export type Shape = readonly number[];

/** Number of elements of a shape (1 for a scalar). */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Whether two shapes are the same, axis by axis. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]`, as errors print a shape. */
export const show = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Steps between neighbours along each axis of a dense row-major array. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** The axis counted from the front; negative axes count from the end. Throws when there is no such axis. */
export function axisOf(call: string, axis: number, shape: Shape): number {
  const at = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(at) || at < 0 || at >= shape.length) {
    const remedy = shape.length === 0 ? 'a scalar has no axes' : `use -${shape.length}…${shape.length - 1}`;
    fail(`${call}: axis ${axis} does not exist in shape ${show(shape)}; ${remedy}`);
  }
  return at;
}

/** Checks that a list of numbers is a shape. */
export function checkShape(call: string, shape: Shape): void {
  for (const length of shape) {
    if (!Number.isInteger(length) || length < 0) {
      fail(`${call}: shape ${show(shape)} has the axis length ${length}; lengths are integers ≥ 0`);
    }
  }
}

/** The shape two operands have after right-aligned broadcasting. Throws when a pair of lengths differs and neither is 1. */
export function broadcastShapes(call: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i + a.length - rank] ?? 1;
    const y = b[i + b.length - rank] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      fail(
        `${call}: shapes ${show(a)} and ${show(b)} do not broadcast: axis ${i - rank} is ${x} and ${y}; make them equal or one of them 1`,
      );
    }
    return x === 1 ? y : x;
  });
}
