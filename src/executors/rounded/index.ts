/**
 * @file The rounded executor: an adversarial but correct implementation at a profile, for tests of the error bounds.
 *
 * It rounds the results of every primitive. For each operation it draws the choices of a correct implementation: the order of sums,
 * fused multiply-add or not, flushing of subnormal numbers to 0, and the errors of elementary functions and tables. It shares no
 * rounded loops with the f64 executor.
 */
import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import type { StoredParams } from '../../tensor/primitives/stored.ts';
import { rng } from '../../tensor/random.ts';
import type { Executor, Slack, Value } from '../../tensor/value.ts';
import { f64 } from '../f64/index.ts';
import { type Format, isCoarser } from '../profiles/format.ts';
import type { Profile } from '../profiles/profile.ts';
import { computes, isMatrixProduct } from '../profiles/sites.ts';
import { type Arithmetic, orders } from './order.ts';
import { type Numbers, type Rule, rules } from './rules.ts';

export { float32, float64 } from '../profiles/profile.ts';

/**
 * Makes the executor for a profile. Equal seeds give equal results. `fixed` fixes some choices: the order of sums, fused or not.
 * @example
 * read(add(input(rounded(float32, 1), [1], [1]), 2 ** -30)) // [1]
 */
export function rounded(
  profile: Profile,
  seed: number,
  fixed: Partial<Pick<Arithmetic, 'order' | 'fused'>> = {},
): Executor<Float64Array> {
  const random = rng(seed);
  const { at } = profile;
  /** Rounds the results of an operation to a format, if it is coarser than `fine`. */
  const to = (format: Format, fine: Format, data: Float64Array): Float64Array =>
    isCoarser(format, fine) ? data.map(format.round) : data;
  /** Draws the choices of one operation. */
  const arithmetic = (): Arithmetic => ({
    round: rounder(at.sum, random.integer(2) === 0),
    fused: random.integer(2) === 0,
    order: orders[random.integer(orders.length)]!,
    random,
    ...fixed,
  });
  const self: Executor<Float64Array> = {
    name: `rounded ${profile.name}`,
    get root() {
      return self as Executor;
    },
    order: 0,
    open: true,
    input: (x) => x,
    constant: (x, _shape, slack) => to(at.elementwise, at.sum, table(at.sum, x, slack, arithmetic())),
    run(primitive, xs, params, shape) {
      const choices = arithmetic();
      if (primitive.name === 'stored') {
        const { role } = params as StoredParams;
        return role === 'value'
          ? (xs[0]!.data as Float64Array)
          : to(at[role], at.elementwise, xs[0]!.data as Float64Array);
      }
      const rule = rules[primitive.name as PrimitiveName] as Rule<typeof params> | 'exact';
      if (rule === 'exact') return f64.run(primitive, xs, params, shape);
      const numbers = xs as readonly Numbers[];
      const operands = isMatrixProduct(primitive, params)
        ? numbers.map((x): Value<Float64Array> => ({ ...x, data: to(at.product, at.elementwise, x.data) }))
        : numbers;
      const result = rule(operands, params, shape, choices, profile);
      return computes(primitive) ? to(at.elementwise, at.sum, result) : result;
    },
    read: (x) => x,
  };
  return self;
}

/** Makes a function that rounds to nearest. If `flushes`, it flushes subnormal numbers to 0. */
function rounder({ round, tiny, u }: Format, flushes: boolean): (x: number) => number {
  // double precision: JavaScript keeps subnormal numbers
  if (u === 2 ** -53) return (x) => x;
  return (x) => (Math.abs(x) >= tiny || flushes ? round(x) : Math.fround(x));
}

/** Perturbs a table as another implementation may: by at most its slack, the final rounding included. */
function table({ u }: Format, x: Float64Array, slack: Slack | undefined, { round, random }: Arithmetic): Float64Array {
  if (slack === undefined) return x.map((value) => round(value));
  return x.map((value, i) => {
    const room = u * Math.max(0, slack(value, i) - Math.abs(value));
    return round(value + (2 * random.uniform() - 1) * room);
  });
}
