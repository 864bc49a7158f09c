/** @file Kernel rules of linearScan and causalConvolution. */
import { sizeOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import { dense } from '../values/expression.ts';
import type { Operand, Resident } from '../values/numbers.ts';
import { without1 } from '../values/views.ts';
import type { Rules } from './rule.ts';
import { scan } from './scans.ts';
import { type Layout, layoutOf, tokenOf } from './tokens.ts';

/** `y_t = Σ_j k_j x_{t−j}`, or in reverse `Σ_j k_j x_{t+j}`, by direct summation: one invocation per element. */
function convolution(fuser: Fuser, xs: readonly Operand[], layout: Layout): Resident {
  const { outer, length, inner, reverse } = layout;
  const operands = xs.map((x): Resident => fuser.materialise(x.numbers, sizeOf(x.shape)));
  const body = [
    tokenOf(layout),
    `const steps = ${reverse ? `${length} - t` : 't + 1'};`,
    'let s = 0;',
    'for (let j = 0; j < steps; j++) {',
    `const from = start + (t ${reverse ? '+' : '-'} j) * ${inner};`,
    `s = s + a1[start + j * ${inner}] * a0[from];`,
    '}',
    'return s;',
  ].join('\n');
  return fuser.launch(outer * length * inner, operands, body);
}

export const sequences = {
  linearScan: (fuser, xs, { axis, reverse }, shape) =>
    dense(scan(fuser, xs, layoutOf(shape, axis, reverse)), without1(shape)),
  causalConvolution: (fuser, xs, { axis, reverse }, shape) =>
    dense(convolution(fuser, xs, layoutOf(shape, axis, reverse)), without1(shape)),
} satisfies Partial<Rules>;
