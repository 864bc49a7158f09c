/**
 * @file The bounded executor: every value is its f64 number and a bound on how far a correct implementation may be from it.
 *
 * An implementation is correct when it runs the same primitives, each rounded with unit round-off u, sums in any order, with or
 * without fused multiply-add, and flushes what underflows or does not. Exact arithmetic is one such implementation: so the bound
 * holds the error of the f64 reference as well, and two programs of one function differ by at most the sum of their bounds.
 * Where a number may leave the format, the bound is ∞: nothing is promised. Rules: standard running error analysis (Higham,
 * Accuracy and Stability, ch. 3).
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
 * The executor that bounds the error of implementations in a precision. Its inputs are the very numbers that an implementation
 * gets, so they must be numbers of the format: `input` throws on others, `snap` makes them.
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

/** How far another's table may be from ours: the reference and the implementation round it alike often, each in its own unit. */
function constantBound(precision: Precision, { settle, unit }: Rounding, x: number, slack: number | undefined): number {
  if (slack === 0 || (slack === undefined && isExact(precision, x))) return 0;
  return settle(x, unit * (slack ?? Math.abs(x)) + precision.tiny, 0);
}

/**
 * The bound on each element of a value of a bounded executor. Throws on values of others.
 * @example
 * boundOf(input(bounded(float32), [1, 2], [2])) // [0, 0]
 */
export function boundOf(value: Value): Float64Array {
  const { e } = value.data as Partial<Bounded>;
  if (e === undefined) fail(`boundOf: the value lives on ${value.on.name}; only a bounded executor has bounds`);
  return e!;
}
