/** @file Draws lengths for the operators of selective transition and addition (Eqs. 15–18). */
import * as fc from 'fast-check';
import { axis, lengths, small } from '../../draw.ts';
import type { Size } from '../../operator.ts';

/** Draws b, t, the widths of features w, gate inputs i and gates' hidden layers r, and the number of sources j. */
export const featureLengths = (size: Size): fc.Arbitrary<Record<'b' | 't' | 'w' | 'i' | 'r' | 'j', number>> =>
  fc.record({
    b: axis(size, 'b', 3),
    t: lengths(size),
    w: axis(size, 'w', 6),
    i: axis(size, 'i', 5),
    r: axis(size, 'r', 3, 0),
    j: small(4, 0),
  });
