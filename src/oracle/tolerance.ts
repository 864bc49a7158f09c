/** @file Computes the numbers of a program, and bounds on the distance of any other right program's. */
import { bounded, boundOf, float64 } from '../executors/bounded/index.ts';
import { f64 } from '../executors/f64/index.ts';
import { read } from '../tensor/input.ts';
import type { Value } from '../tensor/value.ts';
import type { Case, Tensors } from './case.ts';
import type { Numbers } from './compare.ts';
import type { Operator } from './operator.ts';
import { type Evaluation, evaluate, type Program } from './program.ts';

/** The numbers of an evaluation, as `output.y` and `gradient.q`. */
function flat({ outputs, gradients }: Evaluation, of: (x: Value) => Float64Array): Numbers {
  const all = (kind: string, named: Evaluation['outputs']): [string, Float64Array][] =>
    Object.entries(named).map(([name, x]) => [`${kind}.${name}`, of(x)]);
  return Object.fromEntries([...all('output', outputs), ...all('gradient', gradients)]);
}

/** Memoises a function of a case for each `of`: several laws, and several modes, need the same numbers. */
function perCase<K, R>(compute: (of: K, c: Case) => R): (of: K, c: Case) => R {
  const known = new WeakMap<Case, Map<K, R>>();
  return (of, c) => {
    const ofCase = known.get(c) ?? new Map<K, R>();
    known.set(c, ofCase);
    const result = ofCase.get(of) ?? compute(of, c);
    ofCase.set(of, result);
    return result;
  };
}

/** A program's outputs and gradients on f64. */
export const numbersOf: (program: Program, c: Case) => Numbers = perCase((program: Program, c) =>
  flat(evaluate(program, c, f64), read),
);

/** The bounds on the errors of right f64 implementations of a program. */
export const boundsOf: (program: Program, c: Case) => Numbers = perCase((program: Program, c) =>
  flat(evaluate(program, c, bounded(float64)), boundOf),
);

/** The outputs of an operator's scalar definition on a case. */
const defined = perCase((operator: Operator, c: Case) => operator.definition(c.inputs, c.settings, operator.reference));

/** The outputs of an operator's scalar definition in a mode; the same in every mode, where modes agree. */
export const definedNumbers = (operator: Operator, mode: string, c: Case): Tensors =>
  operator.modesAgree(c.settings) ? defined(operator, c) : operator.definition(c.inputs, c.settings, mode);

/** An allowance by name and element: the sum of several bounds. */
export const allowance =
  (...bounds: readonly Numbers[]) =>
  (name: string, i: number): number =>
    bounds.reduce((total, bound) => total + (bound[name]?.[i] ?? 0), 0);
