/** @file The lengths on which the equations of selective transition and addition (Eqs. 15–18) are tried. */
import * as fc from 'fast-check';
import { lengths, small } from '../../draw.ts';
import type { Size } from '../../operator.ts';

/** Lengths of features w, of the input i of gates, of their hidden layer r, and a count of sources j. */
export const featureLengths = (size: Size): fc.Arbitrary<Record<'b' | 't' | 'w' | 'i' | 'r' | 'j', number>> =>
  fc.record({ b: small(3), t: lengths(size), w: small(6), i: small(5), r: small(3, 0), j: small(4, 0) });
