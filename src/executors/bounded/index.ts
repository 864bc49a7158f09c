/**
 * @file The bounded executor: every value is its f64 number and a bound on how far a correct implementation may be from it.
 *
 * An implementation is correct when it runs the same primitives, each rounded with unit round-off u, sums in any order, with or
 * without fused multiply-add. The bound holds the error of the f64 reference as well, so two programs of the same function
 * differ by at most the sum of their bounds. Rules: standard running error analysis (Higham, Accuracy and Stability, ch. 3).
 */
import { fail } from '../../tensor/errors.ts';
import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import type { Executor, Value } from '../../tensor/value.ts';
import { type Bounded, boundRules } from './rules.ts';

/** How an implementation rounds. */
export interface Precision {
  readonly name: string;
  /** Unit round-off: half the distance from 1 to the next number. */
  readonly u: number;
  /** What may be lost where a result underflows: the smallest normal number, as devices may flush to zero. */
  readonly tiny: number;
  /** Error of exp, log, sigmoid, erf and rsqrt, in units of u relative to the result. */
  readonly functions: number;
}

/** IEEE double precision, round to nearest; elementary functions within 2 ulp. */
export const float64: Precision = { name: 'f64', u: 2 ** -53, tiny: 2 ** -1022, functions: 4 };

/** IEEE single precision, round to nearest, subnormals may be flushed; elementary functions within 4 ulp. */
export const float32: Precision = { name: 'f32', u: 2 ** -24, tiny: 2 ** -126, functions: 8 };

/** The executor that bounds the error of implementations in a precision. */
export function bounded(precision: Precision): Executor<Bounded> {
  const rules = boundRules(precision);
  const self: Executor<Bounded> = {
    name: `bounded ${precision.name}`,
    get root() {
      return self as Executor;
    },
    order: 0,
    open: true,
    input: (x) => ({ x, e: new Float64Array(x.length) }),
    constant: (x, _shape, slack = Math.abs) => ({ x, e: x.map((value, i) => precision.u * slack(value, i)) }),
    run: (primitive, xs, params, shape) =>
      rules[primitive.name as PrimitiveName](xs as readonly Value<Bounded>[], primitive, params, shape),
    read: ({ x }) => x,
  };
  return self;
}

/** The bound on each element of a value of a bounded executor. Throws on values of others. */
export function boundOf(value: Value): Float64Array {
  const { e } = value.data as Partial<Bounded>;
  if (e === undefined) fail(`boundOf: the value lives on ${value.on.name}; only a bounded executor has bounds`);
  return e!;
}
