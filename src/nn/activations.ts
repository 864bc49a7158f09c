/** @file Activation functions: SiLU and GELU. */
import { erfc } from '../tensor/primitives/erfc.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { sigmoidByDifference } from '../tensor/primitives/sigmoid.ts';
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
