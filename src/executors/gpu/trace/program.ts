/** @file Running an equation on a trace: what a pipeline computes, and how its results are named. */
import { fail } from '../../../tensor/errors.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import { isValue, type Value } from '../../../tensor/value.ts';
import type { Call, Work } from '../fusion/schedule.ts';
import type { KernelOf } from '../text/kernel.ts';
import type { Target } from '../text/target.ts';
import type { Resident } from '../values/numbers.ts';
import type { RangeCheck } from './origins.ts';
import { type Slot, type Traced, trace } from './trace.ts';

/** A function from named values to named values; gradient calls may stand inside. */
export type Equation = (inputs: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>;

/** A traced equation. */
export interface Program {
  /** The inputs that are arguments of the pipeline, in order: an empty array has no buffer. */
  readonly names: readonly string[];
  /** The outputs in order, each with its place among the results; −1 where it has no elements. */
  readonly outputs: Readonly<Record<string, Required<Slot> & { readonly result: number }>>;
  /** What must hold of the indices in a call. */
  readonly checks: readonly RangeCheck[];
  readonly work: Work;
  /** The kernels in the order of their calls. */
  readonly calls: readonly Call[];
  /** Calls the kernels on handles, one for each argument; gives the handles of the results. */
  replay(handles: readonly unknown[], kernelOf: KernelOf): readonly unknown[];
}

/**
 * Traces an equation for a target, `passes` times: each trace foresees by the one before which expressions
 * many kernels use. Throws when it returns anything but values made there.
 */
export function traceProgram(
  fn: Equation,
  inputs: Readonly<Record<string, Slot>>,
  target: Target,
  passes = target.workgroups ? 3 : 1,
  foreseen?: readonly number[],
): Program {
  const traced = trace(target, foreseen);
  const names = Object.keys(inputs).filter((name) => sizeOf(inputs[name]!.shape) > 0);
  const values = Object.entries(inputs).map(([name, slot]): [string, Value] => [
    name,
    traced.input(name, slot, names.indexOf(name)),
  ]);
  const results: Resident[] = [];
  const outputs = checkedOutputs(fn(Object.fromEntries(values)), traced.executor).map(([name, x]) => {
    const array = traced.result(x);
    const result = array === null ? -1 : results.push(array) - 1;
    return [name, { shape: x.shape, kind: x.kind, result }];
  });
  traced.end();
  if (passes > 1) return traceProgram(fn, inputs, target, passes - 1, traced.uses);
  // where nothing has elements one kernel runs all the same, so that what runs can be told
  if (results.length === 0) results.push(traced.launches.launch(1, [{ is: 'fill', number: 0 }], 'return c0;'));
  return {
    names,
    outputs: Object.fromEntries(outputs),
    checks: traced.checks,
    work: traced.launches.work(results),
    calls: traced.launches.calls(results),
    replay: (handles, kernelOf) => traced.launches.replay(results, handles, kernelOf),
  };
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
