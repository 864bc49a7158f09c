/** @file Checks of arguments: axes, shapes, heads, groups, positions. */
import { checkValue, described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { type Shape, sameShape, show } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';

/** Throws unless `x` is a value with one axis for each name in `axes`. */
export function checkAxes(call: string, what: string, x: Value, axes: readonly string[]): void {
  checkValue(call, what, x);
  if (x.shape.length !== axes.length) {
    fail(`${call}: ${what} has shape ${show(x.shape)}; it is [${axes.join(', ')}], so reshape it`);
  }
}

/** Throws unless `x` is a value of the given shape, which follows from the other inputs. The message names the axes. */
export function checkShape(call: string, what: string, x: Value, axes: readonly string[], shape: Shape): void {
  checkAxes(call, what, x, axes);
  if (!sameShape(x.shape, shape)) {
    fail(
      `${call}: ${what} has shape ${show(x.shape)}; beside the other inputs it is [${axes.join(', ')}] = ${show(shape)}`,
    );
  }
}

/** Throws unless `x` has one of two shapes, which follow from the other inputs, such as one number a head or one a channel. */
export function checkEither(
  call: string,
  what: string,
  x: Value,
  axes: readonly string[],
  shape: Shape,
  otherAxes: readonly string[],
  other: Shape,
): void {
  checkValue(call, what, x);
  if (sameShape(x.shape, shape) || sameShape(x.shape, other)) return;
  const either = `[${axes.join(', ')}] = ${show(shape)} or [${otherAxes.join(', ')}] = ${show(other)}`;
  fail(`${call}: ${what} has shape ${show(x.shape)}; beside the other inputs it is ${either}`);
}

/** Throws unless the number of groups divides the number of members. */
export function checkGroups(call: string, what: string, groups: number, members: number, of: string): void {
  if (groups < 1 || members % groups !== 0) {
    fail(`${call}: ${what} has ${groups} groups for ${members} ${of}; give a number of groups that divides them`);
  }
}

/** Lengths of the axes of queries and keys [b, h, t, d] and values [b, h, t, e]. */
export interface HeadAxes {
  readonly b: number;
  readonly h: number;
  readonly t: number;
  readonly d: number;
  readonly e: number;
}

/** Checks queries, keys and values, and returns the lengths of their axes. Errors name the call and both shapes. */
export function headAxes(call: string, q: Value, k: Value, v: Value): HeadAxes {
  checkAxes(call, 'q', q, ['b', 'h', 't', 'd']);
  checkValue(call, 'k', k);
  checkValue(call, 'v', v);
  const [b, h, t, d] = q.shape as readonly [number, number, number, number];
  if (!sameShape(k.shape, q.shape))
    fail(`${call}: k has shape ${show(k.shape)} and q ${show(q.shape)}; both are [b, h, t, d]`);
  const e = v.shape[3] ?? -1;
  if (v.shape.length !== 4 || !sameShape(v.shape, [b, h, t, e])) {
    fail(`${call}: v has shape ${show(v.shape)} beside q ${show(q.shape)}; it is [b, h, t, e]`);
  }
  return { b, h, t, d, e };
}

/** Throws unless a position is an integer ≥ 0. */
export function checkPosition(call: string, position: number): void {
  if (!Number.isInteger(position) || position < 0) {
    fail(`${call}: the position is ${described(position)}; it counts the tokens before, an integer ≥ 0`);
  }
}
