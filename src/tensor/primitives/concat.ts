/** @file Primitive `concat`: joins values along one axis */
import { apply } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { axisOf, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { slice } from './slice.ts';

/** The axis of concatenation (counted from the front). */
export type ConcatParams = { readonly axis: number };

export const concatPrimitive: Primitive<ConcatParams> = {
  name: 'concat',
  kinds: 'same',
  shape(xs, { axis }) {
    const first = xs[0]!.shape;
    let length = 0;
    for (const { shape } of xs) {
      if (shape.length !== first.length || shape.some((n, i) => i !== axis && n !== first[i])) {
        fail(`concat: shapes ${show(first)} and ${show(shape)} differ outside axis ${axis}; only that axis may differ`);
      }
      length += shape[axis]!;
    }
    const out = first.slice();
    out[axis] = length;
    return out;
  },
  vjp(ct, _out, xs, { axis }, needs) {
    let stop = 0;
    return xs.map((x, i) => {
      const start = stop;
      stop += x.shape[axis]!;
      return needs[i] ? slice(ct, axis, start, stop) : null;
    });
  },
};

/**
 * Joins values along an axis. Throws on an empty list, and on shapes that differ along another axis.
 * @example
 * read(concat([tensor([1]), tensor([2, 3])], 0)) // [1, 2, 3]
 */
export function concat(xs: readonly Value[], axis: number): Value {
  if (xs.length === 0) fail('concat: no values to join; give at least one');
  const at = axisOf('concat', axis, xs[0]!.shape);
  return xs.length === 1 ? xs[0]! : apply(concatPrimitive, xs, { axis: at });
}
