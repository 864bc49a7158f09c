/** @file What a program's numbers are, and how far from them another right program's may be. */
import { bounded, boundOf, float64 } from '../executors/bounded/index.ts';
import { f64 } from '../executors/f64/index.ts';
import { read } from '../tensor/input.ts';
import type { Value } from '../tensor/value.ts';
import type { Case } from './case.ts';
import type { Numbers } from './compare.ts';
import type { Operator } from './operator.ts';
import { type Evaluation, evaluate, type Program } from './program.ts';

/** The numbers of an evaluation, as `output.y` and `gradient.q`. */
function flat({ outputs, gradients }: Evaluation, of: (x: Value) => Float64Array): Numbers {
  const all = (kind: string, named: Evaluation['outputs']): [string, Float64Array][] =>
    Object.entries(named).map(([name, x]) => [`${kind}.${name}`, of(x)]);
  return Object.fromEntries([...all('output', outputs), ...all('gradient', gradients)]);
}

/** A program's outputs and gradients on f64. */
export const numbersOf = (program: Program, c: Case): Numbers => flat(evaluate(program, c, f64), read);

/** How far a right f64 implementation of a program may be from its numbers. */
export const boundsOf = (program: Program, c: Case): Numbers => flat(evaluate(program, c, bounded(float64)), boundOf);

// several laws ask for the same bounds of one case
const known = new WeakMap<Case, Map<string, Numbers>>();

/** The bounds of an operator's mode on a case. */
export function modeBounds(operator: Operator, mode: string, c: Case): Numbers {
  const ofCase = known.get(c) ?? new Map<string, Numbers>();
  known.set(c, ofCase);
  const key = `${operator.name} ${mode}`;
  const bounds = ofCase.get(key) ?? boundsOf(operator.modes[mode]!, c);
  ofCase.set(key, bounds);
  return bounds;
}

/** An allowance by name and element: the sum of several bounds. */
export const allowance =
  (...bounds: readonly Numbers[]) =>
  (name: string, i: number): number =>
    bounds.reduce((total, bound) => total + (bound[name]?.[i] ?? 0), 0);
