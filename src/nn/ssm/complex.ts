/** @file Complex numbers as pairs of real values. */
import { firstIsLarger } from '../../tensor/compare.ts';
import { filledLike, zerosLike } from '../../tensor/operand.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { cos } from '../../tensor/primitives/cos.ts';
import { div } from '../../tensor/primitives/div.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { select } from '../../tensor/primitives/select.ts';
import { sin } from '../../tensor/primitives/sin.ts';
import type { Value } from '../../tensor/value.ts';

/** Complex number `re + i im`, elementwise. */
export type Complex = { readonly re: Value; readonly im: Value };

/**
 * Sum `x + y`. Shapes broadcast.
 * @example
 * read(complexAdd({ re: tensor([1]), im: tensor([2]) }, { re: tensor([3]), im: tensor([4]) }).im) // [6]
 */
export const complexAdd = (x: Complex, y: Complex): Complex => ({ re: add(x.re, y.re), im: add(x.im, y.im) });

/**
 * Product `x y`. Shapes broadcast.
 * @example
 * read(complexMul({ re: tensor([1]), im: tensor([2]) }, { re: tensor([3]), im: tensor([4]) }).re) // [-5]
 */
export const complexMul = (x: Complex, y: Complex): Complex => ({
  re: sub(mul(x.re, y.re), mul(x.im, y.im)),
  im: add(mul(x.re, y.im), mul(x.im, y.re)),
});

/**
 * Product `a x` with a real a. Shapes broadcast.
 * @example
 * read(complexScale(tensor([2]), { re: tensor([3]), im: tensor([4]) }).im) // [8]
 */
export const complexScale = (a: Value, x: Complex): Complex => ({ re: mul(a, x.re), im: mul(a, x.im) });

/**
 * Reciprocal `1 / x`. It is not finite where x is 0.
 * @example
 * read(complexReciprocal({ re: tensor([0]), im: tensor([2]) }).im) // [-0.5]
 */
export function complexReciprocal({ re, im }: Complex): Complex {
  const size = squaredSize({ re, im });
  return { re: div(re, size), im: div(scale(im, -1), size) };
}

/**
 * Exponential `e^x = e^re (cos im + i sin im)`.
 * @example
 * read(complexExp({ re: tensor([0]), im: tensor([0]) }).re) // [1]
 */
export const complexExp = ({ re, im }: Complex): Complex => complexScale(exp(re), { re: cos(im), im: sin(im) });

/** Number of terms of Σ z^k / (k + 1)!. The remainder is below 2^−65 where |z| < 1. */
const terms = 20;

/**
 * Squared size of z from which the quotient is used. There is no error bound where rounding chooses the branch, so the threshold is
 * a size that no number of few digits has.
 */
const quotientFrom = 2 ** -0.25;

/**
 * `φ₁(z) = (e^z − 1) / z`, and 1 at 0. Near 0 it is a series, because the quotient and its gradient lose digits to cancellation.
 * @example
 * read(complexPhi1({ re: tensor([0]), im: tensor([0]) }).re) // [1]
 */
export function complexPhi1(z: Complex): Complex {
  const isFar = firstIsLarger(squaredSize(z), filledLike(z.re, quotientFrom, z.re.shape));
  const choose = (far: Complex, near: Complex): Complex => ({
    re: select(isFar, far.re, near.re),
    im: select(isFar, far.im, near.im),
  });
  const one = { re: filledLike(z.re, 1, z.re.shape), im: zerosLike(z.im) };
  // each branch gets arguments where it is finite: otherwise the gradient of the branch not taken is 0 · ∞
  const [far, near] = [choose(z, one), choose({ re: zerosLike(z.re), im: zerosLike(z.im) }, z)];
  const { re, im } = complexExp(far);
  const quotient = complexMul({ re: sub(re, 1), im }, complexReciprocal(far));
  let series = { re: zerosLike(z.re), im: zerosLike(z.im) };
  for (let k = terms; k > 0; k--) {
    const inner = complexMul(near, series);
    series = { re: scale(add(inner.re, 1), 1 / k), im: scale(inner.im, 1 / k) };
  }
  return choose(quotient, series);
}

const squaredSize = ({ re, im }: Complex): Value => add(mul(re, re), mul(im, im));
