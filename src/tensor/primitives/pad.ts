/** @file Primitive `pad`: adds zeros before and after x along one axis */
import { apply, checkValue } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { axisOf } from '../shape.ts';
import type { Value } from '../value.ts';
import { slice } from './slice.ts';

/** The axis (counted from the front), and how many zeros to add before and after. */
export type PadParams = { readonly axis: number; readonly before: number; readonly after: number };

export const padPrimitive: Primitive<PadParams> = {
  name: 'pad',
  shape([x], { axis, before, after }) {
    if (!Number.isInteger(before) || !Number.isInteger(after) || before < 0 || after < 0) {
      fail(`pad: ${before} zeros before and ${after} after; counts are integers ≥ 0`);
    }
    const out = x!.shape.slice();
    out[axis] = before + x!.shape[axis]! + after;
    return out;
  },
  vjp: (ct, _out, [x], { axis, before }) => [slice(ct, axis, before, before + x!.shape[axis]!)],
};

/**
 * Adds zeros before and after `x` along an axis.
 * @example
 * read(pad(tensor([1, 2]), 0, 1, 0)) // [0, 1, 2]
 */
export function pad(x: Value, axis: number, before: number, after: number): Value {
  checkValue('pad', 'operand 0', x);
  return apply(padPrimitive, [x], { axis: axisOf('pad', axis, x.shape), before, after });
}
