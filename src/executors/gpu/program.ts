/** @file Running an equation on the handles of a pipeline: what the pipeline computes, and how its results are named. */
import { fail } from '../../tensor/errors.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { isValue, type Value } from '../../tensor/value.ts';
import type { Traced } from './numbers.ts';
import type { RangeCheck } from './origins.ts';
import { type KernelOf, type Slot, trace } from './trace.ts';

/** A function from named values to named values; gradient calls may stand inside. */
export type Equation = (inputs: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>;

/** A traced equation. */
export interface Program {
  /** What the pipeline returns: the arrays of the outputs that have elements. */
  readonly results: readonly unknown[];
  /** The outputs in order, each with its place among the results; −1 where it has no elements. */
  readonly outputs: Readonly<Record<string, Required<Slot> & { readonly result: number }>>;
  /** What must hold of the indices in a call. */
  readonly checks: readonly RangeCheck[];
}

/** The inputs that are arguments of the pipeline: an empty array has no buffer. */
export const argumentsOf = (inputs: Readonly<Record<string, Slot>>): string[] =>
  Object.keys(inputs).filter((name) => sizeOf(inputs[name]!.shape) > 0);

/** Runs an equation on handles, one for each argument. Throws when it returns anything but values made there. */
export function traceProgram(
  fn: Equation,
  inputs: Readonly<Record<string, Slot>>,
  handles: readonly unknown[],
  kernelOf: KernelOf,
): Program {
  const traced = trace(kernelOf);
  const names = argumentsOf(inputs);
  const values = Object.entries(inputs).map(([name, slot]): [string, Value] => [
    name,
    traced.input(name, slot, handles[names.indexOf(name)]),
  ]);
  const results: unknown[] = [];
  const outputs = checkedOutputs(fn(Object.fromEntries(values)), traced.executor).map(([name, x]) => {
    const handle = traced.result(x);
    const result = handle === null ? -1 : results.push(handle) - 1;
    return [name, { shape: x.shape, kind: x.kind, result }];
  });
  traced.end();
  // where nothing has elements one kernel runs all the same, so that what runs can be told
  if (results.length === 0) results.push(kernelOf('function (a0) { return a0; }', 1)(0));
  return { results, outputs: Object.fromEntries(outputs), checks: traced.checks };
}

function checkedOutputs(
  outputs: Readonly<Record<string, Value>>,
  executor: Value<Traced>['on'],
): [string, Value<Traced>][] {
  const entries = typeof outputs === 'object' && outputs !== null ? Object.entries(outputs) : [];
  if (entries.length === 0) fail('compile: the function returned no values; return a record of them, by name');
  for (const [name, x] of entries) {
    if (!isValue(x)) fail(`compile: output ${name} is ${typeof x}, not a value; return values by name`);
    if (x.on !== executor) {
      fail(
        `compile: output ${name} lives on ${x.on.name}, not where the inputs live; make tables beside an input, with constantLike`,
      );
    }
  }
  return entries as [string, Value<Traced>][];
}
