/**
 * @file The bounded executor: computes each number in f64, with a bound on the difference to a correct implementation.
 *
 * A correct implementation runs the same primitives and rounds each with unit round-off u. It may sum in any order, fuse
 * multiply-add or not, and flush subnormal numbers to 0 or not. Exact arithmetic is one such implementation, so the bound covers
 * the error of the f64 reference too. Two programs for one function differ by at most the sum of their bounds. Where a number may
 * overflow the format, the bound is ∞. The rules are standard running error analysis (Higham, Accuracy and Stability, ch. 3).
 */
import { fail } from '../../tensor/errors.ts';
import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import type { Executor, Value } from '../../tensor/value.ts';
import { zeros } from '../f64/allocate.ts';
import { isExact, type Precision } from './precision.ts';
import { type Rounding, roundingOf } from './rounding.ts';
import { type Bounded, boundRules } from './rules.ts';

export { float32, float64, type Precision, snap } from './precision.ts';

/**
 * Makes the executor that bounds the error of implementations in a precision. Inputs must be numbers of the format, as the
 * implementation gets the same: `snap` rounds to the format, and `input` throws on other numbers.
 * @example
 * const x = input(bounded(float32), [1, 2], [2]);
 * boundOf(add(x, x)).every((e) => e > 2 ** -24 && e < 2 ** -21) // true
 */
export function bounded(precision: Precision): Executor<Bounded> {
  const rounding = roundingOf(precision);
  const rules = boundRules(precision, rounding);
  const self: Executor<Bounded> = {
    name: `bounded ${precision.name}`,
    get root() {
      return self as Executor;
    },
    order: 0,
    open: true,
    input(x, _shape, kind) {
      if (kind === 'real') checkSnapped(precision, x);
      return { x, e: zeros(x.length) };
    },
    constant: (x, _shape, slack) => ({
      x,
      e: x.map((value, i) => constantBound(precision, rounding, value, slack?.(value, i))),
    }),
    run: (primitive, xs, params, shape) =>
      rules[primitive.name as PrimitiveName](xs as readonly Value<Bounded>[], primitive, params, shape),
    read: ({ x }) => x,
  };
  return self;
}

function checkSnapped({ name, round }: Precision, x: Float64Array): void {
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (round(value) !== value && !Number.isNaN(value)) {
      fail(`input: element ${i} is ${value}, which is no normal number of ${name}; snap the numbers to it first`);
    }
  }
}

/** Bounds the difference between an implementation's table and ours. Both round it equally often, each with its own round-off. */
function constantBound(
  precision: Precision,
  { withRounding, unit }: Rounding,
  x: number,
  slack: number | undefined,
): number {
  if (slack === 0 || (slack === undefined && isExact(precision, x))) return 0;
  return withRounding(x, unit * (slack ?? Math.abs(x)) + precision.tiny, 0);
}

/**
 * Returns the bound on each element of a value of a bounded executor. Throws on values of other executors.
 * @example
 * boundOf(input(bounded(float32), [1, 2], [2])) // [0, 0]
 */
export function boundOf(value: Value): Float64Array {
  const { e } = value.data as Partial<Bounded>;
  if (e === undefined) fail(`boundOf: the value lives on ${value.on.name}; only a bounded executor has bounds`);
  return e!;
}
