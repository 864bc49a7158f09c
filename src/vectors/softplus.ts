/** @file Softplus as the sources of the vectors compute it. */
import { add } from '../tensor/primitives/add.ts';
import { maximum } from '../tensor/primitives/maximum.ts';
import { select } from '../tensor/primitives/select.ts';
import { sign } from '../tensor/primitives/sign.ts';
import { softplus } from '../tensor/primitives/softplus.ts';
import type { Value } from '../tensor/value.ts';

/** PyTorch's softplus: the identity above 20, which is 2·10⁻⁹ less and shows in gradients. */
export function softplusBelow20(x: Value): Value {
  const isAbove = maximum(sign(add(x, -20)), 0);
  return select(isAbove, x, softplus(x));
}
