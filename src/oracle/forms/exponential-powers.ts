/** @file Powers of γ as exponentials: `γ^n = exp(n log γ)`, or `exp2(n log₂ γ)`. */
import type { PowerTable } from '../../nn/retention/decay-tables.ts';
import { constantLike } from '../../tensor/operand.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { select } from '../../tensor/primitives/select.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Slack, Value } from '../../tensor/value.ts';

/** Slack of a logarithm of γ: an implementation may round γ, compute the logarithm to a unit in the last place, and round it. */
const logarithmSlack: Slack = (log) => (Number.isFinite(log) ? 1 + 3 * Math.abs(log) : 0);

/** Logarithms of γ to a base, [h, 1, …] with `axes` axes of length 1. */
export const logDecays = (like: Value, decay: readonly number[], axes: number, base = Math.E): Value =>
  constantLike(
    like,
    Float64Array.from(decay, (gamma) => Math.log(gamma) / Math.log(base)),
    [decay.length, ...new Array<number>(axes).fill(1)],
    logarithmSlack,
    (h) => ['log', decay[h]!, base],
  );

/** Makes a power table by `base^(n log_base γ)`. At γ = 0 it is NaN where n = 0. */
const exponentials =
  (
    logarithmOf: (like: Value, decay: readonly number[], axes: number) => Value,
    power: (x: Value) => Value,
  ): PowerTable =>
  (like, decay, exponents, shape) => {
    const table = (entry: (n: number) => number): Value =>
      constantLike(like, Float64Array.from(exponents, entry), shape);
    const products = mul(
      logarithmOf(like, decay, shape.length),
      table((n) => Math.max(n, 0)),
    );
    return select(
      table((n) => (n < 0 ? 0 : 1)),
      stored(power(products), 'decay'),
      0,
    );
  };

/** `exp(n log γ)`. */
export const naturalPowers: PowerTable = exponentials(logDecays, exp);

/** `exp2(n log₂ γ)`, which devices compute faster. */
export const binaryPowers: PowerTable = exponentials(
  (like, decay, axes) => logDecays(like, decay, axes, 2),
  (x) => exp(scale(x, Math.LN2)),
);
