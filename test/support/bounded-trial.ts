/** @file Measures errors of implementations as |implementation − f64 number| / bound. */
import fc from 'fast-check';
import { vjp } from '../../src/autograd/vjp.ts';
import { bounded, boundOf, type Profile, snap } from '../../src/executors/bounded/index.ts';
import { rounded } from '../../src/executors/rounded/index.ts';
import type { Case, Tensors } from '../../src/oracle/case.ts';
import { cases } from '../../src/oracle/draw.ts';
import type { Operator } from '../../src/oracle/operator.ts';
import { type Evaluation, evaluate, type Program } from '../../src/oracle/program.ts';
import { input } from '../../src/tensor/input.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import type { Dense } from './dense.ts';

/** Reads a value's numbers without its tapes. */
const numbers = (x: Value): Float64Array => x.on.read(x.data);

/** |implementation − reference| / bound of each element; 0 where both are equal or the bound is infinite. */
export function ratios(implementation: Value, reference: Value): number[] {
  const [have, want, allowed] = [numbers(implementation), numbers(reference), boundOf(reference)];
  return Array.from(want, (x, i) => {
    if (Number.isNaN(allowed[i])) return Number.POSITIVE_INFINITY;
    if (Object.is(have[i]! + 0, x + 0) || allowed[i] === Number.POSITIVE_INFINITY) return 0;
    const ratio = Math.abs(have[i]! - x) / allowed[i]!;
    return Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
  });
}

/** Returns the result of a function and its gradients for a cotangent, on an executor. */
function bothWays(f: (xs: readonly Value[]) => Value, xs: readonly Dense[], ct: Dense, on: Executor): Value[] {
  const of = ({ data, shape }: Dense): Value => input(on, data, shape);
  const { value, pullback } = vjp(f, xs.map(of));
  return [value, ...pullback(of(ct))];
}

/** The ratios of a function's result and gradients for one rounded implementation. */
export function tryFunction(
  f: (xs: readonly Value[]) => Value,
  xs: readonly Dense[],
  ct: Dense,
  profile: Profile,
  seed: number,
): number[] {
  const reference = bothWays(f, xs, ct, bounded(profile) as Executor);
  const found = bothWays(f, xs, ct, rounded(profile, seed) as Executor);
  return found.flatMap((x, i) => ratios(x, reference[i]!));
}

/** A case with its numbers rounded to a profile. */
export function snapped<C extends Case>(c: C, profile: Profile): C {
  const all = (tensors: Tensors): Tensors =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, x]) => [
        name,
        x.kind === 'index' ? x : { ...x, data: snap(profile, x.data) },
      ]),
    );
  return { ...c, inputs: all(c.inputs), cotangents: all(c.cotangents) };
}

/** Outputs and gradients of an evaluation, by name. */
export const everything = ({ outputs, gradients }: Evaluation): [string, Value][] => [
  ...Object.entries(outputs).map(([name, x]): [string, Value] => [`output.${name}`, x]),
  ...Object.entries(gradients).map(([name, x]): [string, Value] => [`gradient.${name}`, x]),
];

/**
 * The ratios of a program's outputs, states and gradients on a case snapped to a profile, by name: errors at that profile, judged by
 * the bounds of another one, whose inputs are as fine.
 */
export function tryProgram(
  program: Program,
  c: Case,
  profile: Profile,
  seed: number,
  judge: Profile = profile,
): [string, number[]][] {
  return tryOn(rounded(profile, seed) as Executor, program, c, judge);
}

/** The same for a program on any executor of numbers. */
export function tryOn(on: Executor, program: Program, c: Case, judge: Profile): [string, number[]][] {
  const reference = everything(evaluate(program, c, bounded(judge) as Executor));
  const found = Object.fromEntries(everything(evaluate(program, c, on)));
  return reference.map(([name, x]) => [name, ratios(found[name]!, x)]);
}

/** Snapped cases of an operator that a mode can compute. */
export const casesOf = (operator: Operator, mode: string, longest: number, profile: Profile): fc.Arbitrary<Case> =>
  cases(operator, { longest })
    .filter(({ settings }) => operator.admits(settings, mode))
    .map((c) => snapped(c, profile));

export const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** The largest number, 0 for an empty list. It reduces, because the number of arguments of Math.max is limited. */
export const largest = (list: readonly number[]): number => list.reduce((most, x) => Math.max(most, x), 0);
