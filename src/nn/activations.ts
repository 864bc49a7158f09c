/** @file Activation functions: SiLU and GELU. */
import { add } from '../tensor/primitives/add.ts';
import { erf } from '../tensor/primitives/erf.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { sigmoid } from '../tensor/primitives/sigmoid.ts';
import type { Value } from '../tensor/value.ts';

/**
 * `x σ(x)`, elementwise.
 * @example
 * read(silu(tensor([0]))) // [0]
 */
export const silu = (x: Value): Value => mul(x, sigmoid(x));

/**
 * `x Φ(x) = ½ x (1 + erf(x/√2))`, elementwise: the exact form, not the tanh one.
 * @example
 * read(gelu(tensor([0]))) // [0]
 */
export const gelu = (x: Value): Value => scale(mul(x, add(erf(scale(x, Math.SQRT1_2)), 1)), 0.5);
