/** @file Runs programs with or without gradients. A program computes an operator in one mode. */
import { vjp } from '../autograd/vjp.ts';
import { type Role, stored } from '../tensor/primitives/stored.ts';
import { mapTree } from '../tensor/tree.ts';
import type { Executor, Value } from '../tensor/value.ts';
import { type Case, type Settings, toValues } from './case.ts';

/** Values by name. */
export type Named = Readonly<Record<string, Value>>;

/**
 * A function from named inputs to named outputs. It is declared as a method because TypeScript compares a method's parameters
 * bivariantly: programs with settings of their own then fit into tables of programs.
 */
export type Program<S extends Settings = Settings, Inputs extends object = Named, Outputs extends object = Named> = {
  run(inputs: Inputs, settings: S): Outputs;
}['run'];

/** The outputs, and the gradient of Σ output · cotangent with respect to every real input. */
export interface Evaluation {
  readonly outputs: Named;
  readonly gradients: Named;
}

/**
 * Runs a program forward and backward on an executor, with the case's cotangents; forward alone in a case that is `forwardOnly`. Results have the format
 * of outputs by default; null: no implementation writes them, so they may be sums.
 */
export function evaluate(program: Program, c: Case, on: Executor, role: Role | null = 'output'): Evaluation {
  if (c.forwardOnly === true) return evaluateOutputs(program, c, on, role);
  const inputs = toValues(on, c.inputs);
  const real = Object.fromEntries(Object.entries(inputs).filter(([, x]) => x.kind === 'real'));
  const { value, pullback } = vjp((xs: Named) => program({ ...inputs, ...xs }, c.settings), real);
  return { outputs: inRole(value, role), gradients: inRole(pullback(toValues(on, c.cotangents)), role) };
}

/** Runs a program without gradients. */
export const evaluateOutputs = (program: Program, c: Case, on: Executor, role: Role | null = 'output'): Evaluation => ({
  outputs: inRole(program(toValues(on, c.inputs), c.settings), role),
  gradients: {},
});

/** Results and gradients are written in a format. This is no part of the differentiated function. */
const inRole = (values: Named, role: Role | null): Named =>
  role === null ? values : mapTree(values, (x) => stored(x, role));

/** Names the values of an evaluation as answers do: `out/…` and `grad/…`. */
export function asAnswered({ outputs, gradients }: Evaluation): Named {
  const all = (kind: string, values: Named): [string, Value][] =>
    Object.entries(values).map(([name, x]) => [`${kind}/${name}`, x]);
  return Object.fromEntries([...all('out', outputs), ...all('grad', gradients)]);
}
