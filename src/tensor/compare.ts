/** @file Compares values with primitives, so that comparisons run on every executor and in derivatives. */
import { add } from './primitives/add.ts';
import { equal } from './primitives/equal.ts';
import { scale } from './primitives/scale.ts';
import { select } from './primitives/select.ts';
import { sign } from './primitives/sign.ts';
import type { Value } from './value.ts';

/** 1 where x > y, 0 where x < y, ½ where they are equal, also for infinities. Its derivative is 0. */
export function firstIsLarger(x: Value, y: Value): Value {
  const larger = scale(add(sign(add(x, scale(y, -1))), 1), 0.5);
  return select(equal(x, y), 0.5, larger);
}
