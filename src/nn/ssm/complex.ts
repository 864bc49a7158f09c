/** @file Complex numbers as pairs of values, real and imaginary part apart. */
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import type { Value } from '../../tensor/value.ts';

/** `re + i im`, elementwise. */
export type Complex = { readonly re: Value; readonly im: Value };

/**
 * `x + y`; shapes broadcast.
 * @example
 * read(complexAdd({ re: tensor([1]), im: tensor([2]) }, { re: tensor([3]), im: tensor([4]) }).im) // [6]
 */
export const complexAdd = (x: Complex, y: Complex): Complex => ({ re: add(x.re, y.re), im: add(x.im, y.im) });

/**
 * `x y`; shapes broadcast.
 * @example
 * read(complexMul({ re: tensor([1]), im: tensor([2]) }, { re: tensor([3]), im: tensor([4]) }).re) // [-5]
 */
export const complexMul = (x: Complex, y: Complex): Complex => ({
  re: sub(mul(x.re, y.re), mul(x.im, y.im)),
  im: add(mul(x.re, y.im), mul(x.im, y.re)),
});
