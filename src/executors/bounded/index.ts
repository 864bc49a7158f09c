/**
 * @file The bounded executor: computes each number in f64, with a bound on the difference to a correct implementation.
 *
 * A correct implementation computes the same program in the formats of a profile. It may add the terms of sums in any order, also
 * across the sums and products of the program: a sum of sums is one sum of all their terms, and a product of sums may be multiplied
 * out. It may fuse multiply-add or not, and flush subnormal numbers to 0 or not. It computes every non-linear function, every square
 * and every site (a named value) as a number. Exact arithmetic is one such implementation, so the bound covers the error of the f64
 * reference too. Two programs for one function differ by at most the sum of their bounds. Where a number may overflow the format, the
 * bound is ∞. The rules are standard running error analysis (Higham, Accuracy and Stability, ch. 3).
 */
import { fail } from '../../tensor/errors.ts';
import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import type { Executor, Value } from '../../tensor/value.ts';
import { zeros } from '../f64/allocate.ts';
import { type Format, isExact } from '../profiles/format.ts';
import type { Profile } from '../profiles/profile.ts';
import { computes, isMatrixProduct } from '../profiles/sites.ts';
import { sizesOf } from './operands.ts';
import { type Rounding, roundedByTerms, roundedTo, roundingOf } from './rounding.ts';
import { type Bounded, boundRules } from './rules.ts';

export { float32, float64, type Profile, snap } from '../profiles/profile.ts';

/** The executors, by profile. Engines compile rules anew for each executor. */
const made = new WeakMap<Profile, Executor<Bounded>>();

/**
 * Returns the executor that bounds the error of implementations at a profile. Inputs must be numbers of its input format, as the
 * implementation gets the same: `snap` rounds to the format, and `input` throws on other numbers.
 * @example
 * const x = input(bounded(float32), [1, 2], [2]);
 * boundOf(add(x, x)).every((e) => e > 2 ** -24 && e < 2 ** -21) // true
 */
export function bounded(profile: Profile): Executor<Bounded> {
  const known = made.get(profile) ?? make(profile);
  made.set(profile, known);
  return known;
}

function make(profile: Profile): Executor<Bounded> {
  const { at } = profile;
  // a factor that scales an operand before a product may make it underflow in the operand's format
  const { tiny, normal } = profile.scalesOperands === true ? at.product : at.sum;
  const rounding = roundingOf({ ...at.sum, tiny, normal });
  const rules = boundRules(profile, rounding);
  const toProduct = (profile.scalesOperands === true ? roundedByTerms : roundedTo)(at.product, at.elementwise);
  const toResult = roundedTo(at.elementwise, at.sum);
  const self: Executor<Bounded> = {
    name: `bounded ${profile.name}`,
    get root() {
      return self as Executor;
    },
    order: 0,
    open: true,
    input(x, _shape, kind) {
      if (kind === 'real') checkSnapped(at.input, x);
      return { x, e: zeros(x.length), terms: null };
    },
    constant: (x, _shape, slack) => ({
      x,
      e: x.map((value, i) => constantBound(at.elementwise, rounding, value, slack?.(value, i))),
      terms: null,
    }),
    run(primitive, xs, params, shape) {
      const operands = xs as readonly Value<Bounded>[];
      const rounded =
        toProduct !== null && isMatrixProduct(primitive, params)
          ? operands.map((x) => ({ ...x, data: toProduct(x.data) }))
          : operands;
      const result = rules[primitive.name as PrimitiveName](rounded, primitive, params, shape);
      return toResult === null || !computes(primitive) ? result : toResult(result);
    },
    read: ({ x }) => x,
  };
  return self;
}

function checkSnapped({ name, round }: Format, x: Float64Array): void {
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (round(value) !== value && !Number.isNaN(value)) {
      fail(`input: element ${i} is ${value}, which is no normal number of ${name}; snap the numbers to it first`);
    }
  }
}

/** Bounds the difference between an implementation's table and ours. Both round it equally often, each with its own round-off. */
function constantBound(format: Format, { withRounding }: Rounding, x: number, slack: number | undefined): number {
  if (slack === 0 || (slack === undefined && isExact(format, x))) return 0;
  return withRounding(x, (format.u + 2 ** -53) * (slack ?? Math.abs(x)) + format.tiny, 0);
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

/**
 * Returns `Σ |term|` of each number of a value of a bounded executor; of a number that is no sum, its size. Errors are included. Throws on
 * values of other executors.
 * @example
 * termSizes(sum(input(bounded(float64), [2, -1], [2])))[0] > 2.9 // true
 */
export function termSizes(value: Value): Float64Array {
  if ((value.data as Partial<Bounded>).e === undefined)
    fail(`termSizes: the value lives on ${value.on.name}; only a bounded executor has terms`);
  return sizesOf(value.data as Bounded);
}
