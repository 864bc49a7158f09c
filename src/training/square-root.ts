/** @file Square roots by the primitive 1/√x. */
import { equal } from '../tensor/primitives/equal.ts';
import { reciprocal } from '../tensor/primitives/reciprocal.ts';
import { rsqrt } from '../tensor/primitives/rsqrt.ts';
import { select } from '../tensor/primitives/select.ts';
import type { Value } from '../tensor/value.ts';

/** `√x` as the reciprocal of 1/√x, also where x overflowed to ∞; 0 at 0. */
export function squareRoot(x: Value): Value {
  const isZero = equal(x, 0);
  return select(isZero, 0, reciprocal(rsqrt(select(isZero, 1, x))));
}
