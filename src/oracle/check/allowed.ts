/** @file Computes the right answer to a question, and bounds on the errors of right implementations. */
import { type Functional, firstOrder, firstOrderBound } from '../../executors/bounded/first-order.ts';
import { bounded, boundOf, float32, float64, type Precision } from '../../executors/bounded/index.ts';
import { rounded } from '../../executors/rounded/index.ts';
import { once } from '../../tensor/once.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Executor, Value } from '../../tensor/value.ts';
import type { Question } from '../backends/backend.ts';
import type { Numbers } from '../compare.ts';
import type { Operator } from '../operator.ts';
import { asAnswered, evaluate, evaluateOutputs, type Named } from '../program.ts';

/** One tensor of an answer. */
export interface AllowedTensor {
  readonly shape: Shape;
  /** The numbers of the operator's mode in double precision. */
  readonly expected: Float64Array;
  /** How far a right implementation may be from each of them, by running error analysis; ∞ where that promises nothing. */
  readonly bounds: Float64Array;
}

/** What an answer to a question may be. Tensors are named as in answers, `out/…` and `grad/…`. */
export interface Allowed {
  readonly dtype: Question['dtype'];
  readonly precision: Precision;
  readonly tensors: Readonly<Record<string, AllowedTensor>>;
  /**
   * How far `Σ weight · error` may be from 0 to first order, over the numbers of any tensors: products of two roundings are left
   * out, and so is what a rounding does that moves a number across a kink. That is no proof, as running bounds are one; it is the
   * derivative of a right implementation's answer by each of its roundings, each taken at its worst. One backward pass a call.
   */
  firstOrder(weights: Numbers): number;
  /** How large the errors of right implementations usually are, in a few runs. Nothing is judged by them. */
  usualErrors(): Numbers;
}

/** The precision of a type. */
export const precisionOf = { F32: float32, F64: float64 } as const;

/** What an answer to a question about an operator may be. The numbers of its case must be numbers of its type. */
export function allowedFor(operator: Operator, { mode, dtype, gradients, c }: Omit<Question, 'operator'>): Allowed {
  const precision = precisionOf[dtype];
  const on = (executor: Executor, by = mode): Named =>
    asAnswered((gradients ? evaluate : evaluateOutputs)(operator.modes[by]!, c, executor));
  const tensors = mapValues(on(bounded(precision) as Executor), (x) => ({
    shape: x.shape,
    expected: numbersOf(x),
    bounds: boundOf(x),
  }));
  for (const other of operator.boundsOf?.[mode] ?? []) {
    if (other === mode) continue;
    for (const [name, x] of Object.entries(on(bounded(precision) as Executor, other))) {
      const own = tensors[name]!;
      own.bounds = own.bounds.map((bound, i) => bound + boundOf(x)[i]!);
    }
  }
  const traced = once(() => on(firstOrder(precision) as Executor));
  return {
    dtype,
    precision,
    tensors,
    firstOrder(weights) {
      const functional: Functional = Object.entries(weights).map(([name, own]) => [traced()[name]!, own]);
      return firstOrderBound(functional);
    },
    usualErrors: once(() => {
      const squares = mapValues(tensors, ({ expected }) => new Float64Array(expected.length));
      for (let run = 0; run < usualRuns; run++) {
        for (const [name, x] of Object.entries(on(rounded(precision, c.seed + run) as Executor))) {
          numbersOf(x).forEach((value, i) => {
            squares[name]![i]! += (value - tensors[name]!.expected[i]!) ** 2;
          });
        }
      }
      return mapValues(squares, (sums) => sums.map((sum) => Math.sqrt(sum / usualRuns)));
    }),
  };
}

/** In one run an error may be far smaller than usual by chance, in all of so many seldom. */
const usualRuns = 3;

const numbersOf = (x: Value): Float64Array => x.on.read(x.data);

const mapValues = <T, R>(named: Readonly<Record<string, T>>, f: (x: T) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(named).map(([name, x]) => [name, f(x)]));
