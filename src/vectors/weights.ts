/** @file Reads the weights of a case by their official names, and names gradients likewise. */
import { f64 } from '../executors/f64/index.ts';
import { fail } from '../tensor/errors.ts';
import { input } from '../tensor/input.ts';
import { type Shape, sameShape, show } from '../tensor/shape.ts';
import type { Executor, Value } from '../tensor/value.ts';
import { type Answers, answer, type VectorCase } from './case.ts';

/**
 * Weights as they are stored. Models are differentiated with respect to these, and convert them to their own parameters inside
 * the differentiated function. Gradients then have the official names, and those of unused weights are zeros.
 */
export type Weights = Readonly<Record<string, Value>>;

const PREFIX = 'param/';

/** All `param/` tensors of a case on an executor, by their names without the prefix. */
export function weightsIn({ tensors }: VectorCase, on: Executor = f64): Weights {
  const named = [...tensors].filter(([name]) => name.startsWith(PREFIX));
  return Object.fromEntries(
    named.map(([name, { data, shape }]) => [name.slice(PREFIX.length), input(on, data, shape)]),
  );
}

/** A weight of a known shape. Throws when it is missing or has another shape. */
export function weightOf(weights: Weights, name: string, shape: Shape): Value {
  const weight = Object.hasOwn(weights, name) ? weights[name]! : null;
  if (weight === null) {
    return fail(`${PREFIX}${name} is missing; a model of this config has it, of shape ${show(shape)}: add it`);
  }
  if (sameShape(weight.shape, shape)) return weight;
  return fail(
    `${PREFIX}${name} has shape ${show(weight.shape)}, by the config it is ${show(shape)}; correct one of them`,
  );
}

/** The answers `grad/<name>` for every weight of a case. */
export function gradientAnswers({ tensors }: VectorCase, gradient: () => Weights): Answers['tensors'] {
  const names = [...tensors.keys()].filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length));
  return Object.fromEntries(names.map((name) => [`grad/${name}`, () => answer(gradient()[name]!)]));
}
