/** @file GELU by the error function, whose digits cancel in the tail: `½ x (1 + erf(x/√2))`. */
import { firstIsLarger } from '../../tensor/compare.ts';
import { filledLike } from '../../tensor/operand.ts';
import { abs } from '../../tensor/primitives/abs.ts';
import { add } from '../../tensor/primitives/add.ts';
import { erf } from '../../tensor/primitives/erf.ts';
import { maximum } from '../../tensor/primitives/maximum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { select } from '../../tensor/primitives/select.ts';
import { sign } from '../../tensor/primitives/sign.ts';
import type { Value } from '../../tensor/value.ts';

/** Beyond this size of x, erf(x/√2) is exactly ±1 in every format, and 1 + erf is 0 or 2. */
export const saturated = 9;

/** `½ x (1 + erf(x/√2))`, elementwise. */
export function geluByErf(x: Value): Value {
  const isLarge = firstIsLarger(abs(x), filledLike(x, saturated, x.shape));
  const limit = scale(maximum(sign(x), 0), 2);
  const distribution = select(isLarge, limit, add(erf(scale(x, Math.SQRT1_2)), 1));
  return scale(mul(x, distribution), 0.5);
}
