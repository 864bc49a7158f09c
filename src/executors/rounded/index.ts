/**
 * @file The rounded executor: an adversarial but correct implementation in a precision, for tests of the error bounds.
 *
 * It rounds the results of every primitive. For each operation it draws the choices of a correct implementation: the order of sums,
 * fused multiply-add or not, flushing of subnormal numbers to 0, and the errors of elementary functions and tables. It shares no
 * rounded loops with the f64 executor.
 */
import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import { rng } from '../../tensor/random.ts';
import type { Executor, Slack } from '../../tensor/value.ts';
import type { Precision } from '../bounded/precision.ts';
import { f64 } from '../f64/index.ts';
import { type Arithmetic, orders } from './order.ts';
import { type Numbers, type Rule, rules } from './rules.ts';

export { float32, float64 } from '../bounded/precision.ts';

/**
 * Makes the executor for a precision. Equal seeds give equal results. `fixed` fixes some choices: the order of sums, fused or not.
 * @example
 * read(add(input(rounded(float32, 1), [1], [1]), 2 ** -30)) // [1]
 */
export function rounded(
  precision: Precision,
  seed: number,
  fixed: Partial<Pick<Arithmetic, 'order' | 'fused'>> = {},
): Executor<Float64Array> {
  const random = rng(seed);
  /** Draws the choices of one operation. */
  const arithmetic = (): Arithmetic => ({
    round: rounder(precision, random.integer(2) === 0),
    fused: random.integer(2) === 0,
    order: orders[random.integer(orders.length)]!,
    random,
    ...fixed,
  });
  const self: Executor<Float64Array> = {
    name: `rounded ${precision.name}`,
    get root() {
      return self as Executor;
    },
    order: 0,
    open: true,
    input: (x) => x,
    constant: (x, _shape, slack) => table(precision, x, slack, arithmetic()),
    run(primitive, xs, params, shape) {
      const choices = arithmetic();
      const rule = rules[primitive.name as PrimitiveName] as Rule<typeof params> | 'exact';
      if (rule === 'exact') return f64.run(primitive, xs, params, shape);
      return rule(xs as readonly Numbers[], params, shape, choices, precision);
    },
    read: (x) => x,
  };
  return self;
}

/** Makes a function that rounds to nearest. If `flushes`, it flushes subnormal numbers to 0. */
function rounder({ round, tiny, u }: Precision, flushes: boolean): (x: number) => number {
  // double precision: JavaScript keeps subnormal numbers
  if (u === 2 ** -53) return (x) => x;
  return (x) => (Math.abs(x) >= tiny || flushes ? round(x) : Math.fround(x));
}

/** Perturbs a table as another implementation may: by at most its slack, the final rounding included. */
function table(
  precision: Precision,
  x: Float64Array,
  slack: Slack | undefined,
  { round, random }: Arithmetic,
): Float64Array {
  if (slack === undefined) return x.map((value) => round(value));
  return x.map((value, i) => {
    const room = precision.u * Math.max(0, slack(value, i) - Math.abs(value));
    return round(value + (2 * random.uniform() - 1) * room);
  });
}
