/** @file Kernel rules of linearScan and causalConvolution. */
import { dense } from '../values/expression.ts';
import { without1 } from '../values/views.ts';
import { convolution } from './convolutions.ts';
import type { Rules } from './rule.ts';
import { scan } from './scans.ts';
import { layoutOf } from './tokens.ts';

export const sequences = {
  linearScan: (fuser, xs, { axis, reverse }, shape) =>
    dense(scan(fuser, xs, layoutOf(shape, axis, reverse)), without1(shape)),
  causalConvolution: (fuser, xs, { axis, reverse, method }, shape) =>
    dense(convolution(fuser, xs, layoutOf(shape, axis, reverse), method), without1(shape)),
} satisfies Partial<Rules>;
