/** @file Primitive `slice`: x[start … stop) along one axis */
import { apply, checkValue } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { axisOf, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { pad } from './pad.ts';

/** The axis (counted from the front), and the positions [start, stop) along it. */
export type SliceParams = { readonly axis: number; readonly start: number; readonly stop: number };

export const slicePrimitive: Primitive<SliceParams> = {
  name: 'slice',
  kinds: 'same',
  shape([x], { axis, start, stop }) {
    const { shape } = x!;
    const length = shape[axis]!;
    if (!Number.isInteger(start) || !Number.isInteger(stop) || start < 0 || stop < start || stop > length) {
      fail(`slice: [${start}, ${stop}) does not lie in axis ${axis} of ${show(shape)}, which is [0, ${length})`);
    }
    const out = shape.slice();
    out[axis] = stop - start;
    return out;
  },
  // the tape joins the cotangents of many slices of one value with a single concat instead of adding padded copies
  vjp: (ct, _out, [x], { axis, start, stop }) => [pad(ct, axis, start, x!.shape[axis]! - stop)],
};

/**
 * Slices `x` along an axis: positions `[start, stop)`. Throws when they are outside the axis.
 * @example
 * read(slice(tensor([1, 2, 3, 4]), 0, 1, 3)) // [2, 3]
 */
export function slice(x: Value, axis: number, start: number, stop: number): Value {
  checkValue('slice', 'operand 0', x);
  const at = axisOf('slice', axis, x.shape);
  return start === 0 && stop === x.shape[at] ? x : apply(slicePrimitive, [x], { axis: at, start, stop });
}
