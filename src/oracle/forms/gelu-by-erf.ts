/** @file GELU by the error function, whose digits cancel in the tail: `½ x (1 + erf(x/√2))`. */
import { add } from '../../tensor/primitives/add.ts';
import { erf } from '../../tensor/primitives/erf.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import type { Value } from '../../tensor/value.ts';

/** `½ x (1 + erf(x/√2))`, elementwise. */
export const geluByErf = (x: Value): Value => scale(mul(x, add(erf(scale(x, Math.SQRT1_2)), 1)), 0.5);
