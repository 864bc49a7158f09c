/** @file The errors of powers of complex decays in polar form, `a^τ = r^τ (cos τθ + i sin τθ)`, as complex `pow` computes them. */
import { type Complex, complexMul } from '../../nn/ssm/complex.ts';
import { type Powers, powersOf } from '../../nn/ssm/powers.ts';
import { constantLike } from '../../tensor/operand.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { log } from '../../tensor/primitives/log.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';

/** Roundings of an angle τθ, relative to θ ≤ π: 4 of θ, and one of the product. */
const angleRoundings = 5 * Math.PI;
/** Roundings of a cosine or sine. */
const circularRoundings = 8;

/**
 * Powers of complex decays [e, n] by doubling, times 1 with the errors of the polar form, as no primitive computes an angle. They are
 * NaN where a decay is 0.
 */
export const polarPowers: Powers = (form, a, count, order) => {
  const { re, im } = a as Complex;
  const shape = [count, ...re.shape];
  const exponentOf = (i: number): number => (order === 'rising' ? i : count - 1 - i);
  const table = (entry: (τ: number) => number, slack?: (τ: number) => number): Value => {
    const numbers = Float64Array.from({ length: count }, (_, i) => entry(exponentOf(i)));
    const slackAt = slack && ((_x: number, i: number): number => slack(exponentOf(i)));
    return broadcast(constantLike(re, numbers, [count, ...re.shape.map(() => 1)], slackAt), shape);
  };
  const logRadius = scale(log(add(mul(re, re), mul(im, im))), 0.5);
  const exponents = mul(
    logRadius,
    table((τ) => τ),
  );
  // 1, with the error of r^τ = exp(τ log r)
  const radius = stopGradient(exp(sub(exponents, exponents)));
  const turn: Complex = {
    re: table(
      () => 1,
      (τ) => (τ === 0 ? 0 : circularRoundings),
    ),
    im: table(
      () => 0,
      (τ) => (τ === 0 ? 0 : circularRoundings + angleRoundings * τ),
    ),
  };
  const errors = { re: mul(radius, turn.re), im: mul(radius, turn.im) };
  return complexMul(powersOf(form, a, count, order) as Complex, errors) as typeof a;
};
