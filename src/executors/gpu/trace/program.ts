/** @file Traces an equation into a program: kernel launches, and the names of inputs and outputs. */
import { fail } from '../../../tensor/errors.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import { isValue, type Value } from '../../../tensor/value.ts';
import type { History } from '../fusion/history.ts';
import type { Call, Work } from '../fusion/schedule.ts';
import type { KernelOf } from '../text/kernel.ts';
import type { Target } from '../text/target.ts';
import type { Resident } from '../values/numbers.ts';
import type { RangeCheck } from './origins.ts';
import { type Slot, startTrace, type Traced } from './trace.ts';

/** A function from named values to named values. It may compute gradients. */
export type Equation = (inputs: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>;

/** A traced equation. */
export interface Program {
  /** Inputs that are arguments of the pipeline, in order: all inputs with elements. */
  readonly names: readonly string[];
  /** Outputs in order, each with the number of its result; −1 for an output without elements. */
  readonly outputs: Readonly<Record<string, Required<Omit<Slot, 'check'>> & { readonly result: number }>>;
  /** Range checks for the indices of each call. */
  readonly checks: readonly RangeCheck[];
  readonly work: Work;
  /** Launches in order. */
  readonly calls: readonly Call[];
  /** Runs the launches on the handles of the arguments, and returns the handles of the results. */
  replay(handles: readonly unknown[], kernelOf: KernelOf): readonly unknown[];
}

/** Number of traces: the third changes a little on a graphics card, where each kernel is dear. */
const tracesOf = ({ workgroups, routines }: Target): number => {
  if (workgroups) return 3;
  return routines ? 2 : 1;
};

/**
 * Traces an equation for a target, `passes` times, or once if its arrays are small. Each trace uses the records of the previous one
 * to decide what to materialise.
 * Throws an InputError when the equation returns anything but values of the current trace.
 */
export function traceProgram(
  fn: Equation,
  inputs: Readonly<Record<string, Slot>>,
  target: Target,
  passes = tracesOf(target),
  previous?: History,
): Program {
  const trace = startTrace(target, previous);
  const names = Object.keys(inputs).filter((name) => sizeOf(inputs[name]!.shape) > 0);
  const values = Object.entries(inputs).map(([name, slot]): [string, Value] => [
    name,
    trace.input(name, slot, names.indexOf(name)),
  ]);
  const results: Resident[] = [];
  const outputs = checkedOutputs(fn(Object.fromEntries(values)), trace.executor).map(([name, x]) => {
    const array = trace.result(x);
    const result = array === null ? -1 : results.push(array) - 1;
    return [name, { shape: x.shape, kind: x.kind, result }];
  });
  trace.end();
  const isSmall = target.smallBytes > 0 && trace.schedule.work(results).bytes < target.smallBytes;
  if (passes > 1 && !isSmall) return traceProgram(fn, inputs, target, passes - 1, trace.history);
  // if no output has elements, one kernel runs all the same, to show which backend ran
  if (results.length === 0) results.push(trace.schedule.launch(1, [{ is: 'fill', number: 0 }], 'return c0;'));
  return {
    names,
    outputs: Object.fromEntries(outputs),
    checks: trace.checks,
    work: trace.schedule.work(results),
    calls: trace.schedule.calls(results),
    replay: (handles, kernelOf) => trace.schedule.replay(results, handles, kernelOf),
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
