/** @file Computes the numbers of a program, and bounds on the rounding errors of any right implementation. */
import { bounded, boundOf, float64 } from '../executors/bounded/index.ts';
import { f64 } from '../executors/f64/index.ts';
import { ring } from '../executors/ring/index.ts';
import { read } from '../tensor/input.ts';
import type { Value } from '../tensor/value.ts';
import type { Case, Tensors } from './case.ts';
import type { Numbers } from './compare.ts';
import type { Operator } from './operator.ts';
import { type Evaluation, evaluate, type Program } from './program.ts';

/** Reads the numbers of an evaluation, named `output.y` and `gradient.q`. */
function flat({ outputs, gradients }: Evaluation, of: (x: Value) => Float64Array): Numbers {
  const all = (kind: string, named: Evaluation['outputs']): [string, Float64Array][] =>
    Object.entries(named).map(([name, x]) => [`${kind}.${name}`, of(x)]);
  return Object.fromEntries([...all('output', outputs), ...all('gradient', gradients)]);
}

/** A memoised function. `known` looks a result up without computing it. */
interface PerCase<K, R> {
  (of: K, c: Case): R;
  known(of: K, c: Case): R | undefined;
}

/** Memoises a function by case and `of`. Several laws and modes need the same numbers. */
function perCase<K, R>(compute: (of: K, c: Case) => R): PerCase<K, R> {
  const results = new WeakMap<Case, Map<K, R>>();
  const known = (of: K, c: Case): R | undefined => results.get(c)?.get(of);
  const get = (of: K, c: Case): R => {
    const result = known(of, c) ?? compute(of, c);
    const ofCase = results.get(c) ?? new Map<K, R>();
    results.set(c, ofCase.set(of, result));
    return result;
  };
  return Object.assign(get, { known });
}

/** Evaluates a program with bounds. The numbers of the values are those of f64, bit for bit. */
const withBounds = perCase((program: Program, c) => evaluate(program, c, bounded(float64)));

/** Computes a program's outputs and gradients in f64. After `boundsOf` they are known. */
export const numbersOf: (program: Program, c: Case) => Numbers = perCase((program: Program, c) =>
  flat(withBounds.known(program, c) ?? evaluate(program, c, f64), read),
);

/** Computes a program's outputs and gradients as elements of a finite field. */
export const elementsOf: (program: Program, c: Case) => Numbers = perCase((program: Program, c) =>
  flat(evaluate(program, c, ring), read),
);

/** Computes bounds on the errors of right f64 implementations of a program. */
export const boundsOf: (program: Program, c: Case) => Numbers = perCase((program: Program, c) =>
  flat(withBounds(program, c), boundOf),
);

/** Maps two programs; one, if they are the same, so that its numbers and its bounds are computed together. */
export function mapBoth(map: (program: Program) => Program, a: Program, b: Program): [a: Program, b: Program] {
  const first = map(a);
  return [first, a === b ? first : map(b)];
}

/** Computes the outputs of an operator's scalar definition. */
const defined = perCase((operator: Operator, c: Case) => operator.definition(c.inputs, c.settings, operator.reference));

/** Computes the outputs of an operator's scalar definition in a mode. They are shared by all modes if the modes agree. */
export const definedNumbers = (operator: Operator, mode: string, c: Case): Tensors =>
  operator.modesAgree(c.settings) ? defined(operator, c) : operator.definition(c.inputs, c.settings, mode);

/** Adds several bounds to one allowance per element. */
export const allowance =
  (...bounds: readonly Numbers[]) =>
  (name: string, i: number): number =>
    bounds.reduce((total, bound) => total + (bound[name]?.[i] ?? 0), 0);
