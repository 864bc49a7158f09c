/** @file Activation functions: SiLU, GELU and tanh. */
import { neg } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { div } from '../tensor/primitives/div.ts';
import { equal } from '../tensor/primitives/equal.ts';
import { erfc } from '../tensor/primitives/erfc.ts';
import { expm1 } from '../tensor/primitives/expm1.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { select } from '../tensor/primitives/select.ts';
import { sigmoidByDifference } from '../tensor/primitives/sigmoid.ts';
import { sign } from '../tensor/primitives/sign.ts';
import type { Value } from '../tensor/value.ts';

/**
 * `x σ(x)`, elementwise.
 * @example
 * read(silu(tensor([0]))) // [0]
 */
export const silu = (x: Value): Value => mul(x, sigmoidByDifference(x));

/**
 * `x Φ(x) = ½ x erfc(−x/√2)`, elementwise: not the approximation by tanh, nor 1 + erf, which has no digits where x < −5.
 * @example
 * read(gelu(tensor([0]))) // [0]
 */
export const gelu = (x: Value): Value => scale(mul(x, erfc(scale(x, -Math.SQRT1_2))), 0.5);

/**
 * `tanh x`, elementwise, as `(1 − e^{−2|x|}) / (1 + e^{−2|x|})` with the sign of x: it neither overflows nor cancels.
 * @example
 * read(tanh(tensor([0]))) // [0]
 */
export function tanh(x: Value): Value {
  const isBelow = equal(sign(x), -1);
  const size = select(isBelow, neg(x), x);
  const power = expm1(scale(size, -2));
  const value = div(neg(power), add(power, 2));
  return select(isBelow, neg(value), value);
}
