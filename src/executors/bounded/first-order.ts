/**
 * @file Computes first-order error bounds by reverse-mode differentiation, for whole models, where running bounds are too large.
 *
 * A running error bound takes the worst case of every operation. It ignores that errors of one origin cancel, as in the quotient of
 * a norm, so it grows by a factor of several hundred with each layer. Here the rounding error of each operation is an unknown, added
 * to its result. The bound on a number is `Σ |∂number/∂unknown| · |unknown|` over all unknowns, from one backward pass. It neglects
 * products of two rounding errors. Where those matter, as near a kink or a pole, it is not a bound.
 */
import { type Tape, tape } from '../../autograd/tape.ts';
import { reapply } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { show, sizeOf } from '../../tensor/shape.ts';
import type { Executor, Value } from '../../tensor/value.ts';
import { zeros } from '../f64/allocate.ts';
import { f64 } from '../f64/index.ts';
import type { Profile } from '../profiles/profile.ts';
import { bounded } from './index.ts';
import type { Bounded, Terms } from './operands.ts';

export { float32, float64 } from '../profiles/profile.ts';

/** A result, and the bound on the error of the operation that computed it. Both have the same derivative, as the error is added. */
interface Unknown {
  readonly value: Value;
  readonly size: Float64Array;
}

/**
 * A value on f64 or the tape. `some` is the smallest positive number for elements with an error, else 0, as rules need exact zeros.
 * `terms` holds the terms of sums, with the errors that only another order of the terms makes.
 */
export interface Traced {
  readonly primal: Value;
  readonly some: Float64Array;
  readonly terms: Terms | null;
  readonly reach: Bounded['reach'];
  readonly trace: Trace;
}

interface Trace {
  readonly backwards: Tape;
  readonly unknowns: Unknown[];
}

/**
 * Makes an executor for one evaluation at a profile, gradients included. It stores the whole evaluation, so make a new executor for
 * each. Inputs must be numbers of the input format: `snap` rounds to the format, and `input` throws on other numbers.
 * @example
 * const x = input(firstOrder(float32), [3, 1], [2]);
 * firstOrderBounds(sum(x)).every((e) => e > 2 ** -23 && e < 2 ** -20) // true
 */
export function firstOrder(profile: Profile): Executor<Traced> {
  const rules = bounded(profile);
  const trace: Trace = { backwards: tape(f64 as Executor), unknowns: [] };

  /** Records a result, with the bound on the error of its operation as an unknown. */
  const traced = (exact: Value, { e, terms: own, reach }: Bounded): Traced => {
    const some = zeros(e.length);
    let isExact = true;
    for (let i = 0; i < e.length; i++) {
      if (e[i] === 0) continue;
      some[i] = Number.MIN_VALUE;
      isExact = false;
    }
    // what another order of the terms adds to the error counts at the sum that changes the order
    const terms = own && {
      ...own,
      errors: own.errors === e ? some : own.errors.map((error, i) => error - e[i]! || some[i]!),
    };
    if (exact.kind === 'index' || isExact) return { primal: exact, some, terms, reach, trace };
    const value = exact.on === (trace.backwards as Executor) ? exact : trace.backwards.watch(exact);
    trace.unknowns.push({ value, size: e });
    return { primal: value, some, terms, reach, trace };
  };

  const self: Executor<Traced> = {
    name: `first order ${profile.name}`,
    get root() {
      return self as Executor;
    },
    order: 0,
    open: true,
    input: (x, shape, kind) => traced({ shape, kind, on: f64 as Executor, data: x }, rules.input(x, shape, kind)),
    constant: (x, shape, slack) =>
      traced({ shape, kind: 'real', on: f64 as Executor, data: x }, rules.constant(x, shape, slack)),
    run(primitive, xs, params, shape) {
      const traces = xs as readonly Value<Traced>[];
      const exact = reapply(
        primitive,
        traces.map(({ data }) => data.primal),
        params,
        shape,
      );
      const local = traces.map(
        ({ shape: own, kind, data }): Value<Bounded> => ({
          shape: own,
          kind,
          on: rules,
          data: { x: numbersOf(data.primal), e: data.some, terms: data.terms, reach: data.reach },
        }),
      );
      return traced(exact, rules.run(primitive, local, params, shape));
    },
    read: ({ primal }) => numbersOf(primal),
  };
  return self;
}

const numbersOf = (x: Value): Float64Array => x.on.read(x.data);

/** A linear functional of values of one evaluation: `Σ ⟨weights, value⟩`, weights row-major. */
export type Functional = readonly (readonly [value: Value, weights: Float64Array])[];

/**
 * Computes the first-order bound on `|Σ ⟨weights, error⟩|`, by one backward pass for any number of values. It is at most the weighted
 * sum of the bounds of the elements, and often much less, as errors of one origin cancel. Throws on values of other executors or
 * evaluations, and on weights that do not have the size of their value.
 * @example
 * const x = scale(input(firstOrder(float32), [1, 2], [2]), 1 / 3);
 * firstOrderBound([[x, Float64Array.of(1, -1)]]) <= firstOrderBounds(x).reduce((a, b) => a + b) // true
 */
export function firstOrderBound(functional: Functional): number {
  const seeds = functional.map(([x, weights]): [Value, Value] => {
    const { primal } = tracedOf('firstOrderBound', x);
    if (weights.length !== sizeOf(x.shape)) {
      fail(
        `firstOrderBound: ${weights.length} weights do not fill shape ${show(x.shape)}, which holds ${sizeOf(x.shape)}; give one for each number`,
      );
    }
    return [primal, { shape: x.shape, kind: 'real', on: f64 as Executor, data: weights }];
  });
  if (functional.length === 0) return 0;
  const { trace } = tracedOf('firstOrderBound', functional[0]![0]);
  if (functional.some(([x]) => tracedOf('firstOrderBound', x).trace !== trace)) {
    fail('firstOrderBound: the values are of several evaluations; each is bounded on its own');
  }
  const slopes = trace.backwards.backward(
    seeds,
    trace.unknowns.map(({ value }) => value),
  );
  let total = 0;
  slopes.forEach((slope, at) => {
    if (slope === null) return;
    const [steep, sizes] = [numbersOf(slope), trace.unknowns[at]!.size];
    for (let j = 0; j < sizes.length; j++) if (steep[j] !== 0) total += Math.abs(steep[j]!) * sizes[j]!;
  });
  return Number.isNaN(total) ? Number.POSITIVE_INFINITY : total;
}

function tracedOf(call: string, x: Value): Traced {
  const traced = x.data as Partial<Traced>;
  if (traced.trace !== undefined) return traced as Traced;
  return fail(`${call}: the value lives on ${x.on.name}; compute it on firstOrder(profile)`);
}

/**
 * Computes the first-order bounds of some elements of a value, or of all elements if none are given, by one backward pass each. Throws
 * on values of other executors, and on elements that do not exist.
 * @example
 * firstOrderBounds(input(firstOrder(float32), [1, 2], [2]), [1]) // [0]
 */
export function firstOrderBounds(x: Value, elements?: readonly number[]): Float64Array {
  tracedOf('firstOrderBounds', x);
  const count = sizeOf(x.shape);
  return Float64Array.from(elements ?? Array.from({ length: count }, (_, i) => i), (i) => {
    if (!Number.isInteger(i) || i < 0 || i >= count) {
      fail(`firstOrderBounds: there is no element ${i} in shape ${show(x.shape)}; elements count from 0, row by row`);
    }
    return firstOrderBound([[x, new Float64Array(count).with(i, 1)]]);
  });
}
