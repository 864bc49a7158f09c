/** @file Softplus as a logarithm of a sum, `log(1 + e^x)`, whose digits cancel in the tail. */
import { firstIsLarger } from '../../tensor/compare.ts';
import { filledLike } from '../../tensor/operand.ts';
import { add } from '../../tensor/primitives/add.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { log } from '../../tensor/primitives/log.ts';
import { select } from '../../tensor/primitives/select.ts';
import type { Value } from '../../tensor/value.ts';

/** From here on softplus is x, up to a rounding in double precision. */
export const identityFrom = 40;

/** `log(1 + e^x)`, elementwise, and x where x is so large that e^x might overflow. */
export function softplusByLogarithm(x: Value): Value {
  const isLarge = firstIsLarger(x, filledLike(x, identityFrom, x.shape));
  return select(isLarge, x, log(add(exp(select(isLarge, 0, x)), 1)));
}
