/** @file The tracing executor: runs the kernel rule of each primitive of an equation. */
import { fail } from '../../../tensor/errors.ts';
import { makeValue } from '../../../tensor/make.ts';
import type { PrimitiveName } from '../../../tensor/primitives/index.ts';
import { type Shape, show, sizeOf } from '../../../tensor/shape.ts';
import type { Executor, Value } from '../../../tensor/value.ts';
import { createFuser } from '../fusion/fuser.ts';
import { type History, historyAfter } from '../fusion/history.ts';
import { createSchedule, type Schedule } from '../fusion/schedule.ts';
import { rules } from '../kernels/index.ts';
import type { Rule } from '../kernels/rule.ts';
import { hasNatives, mostInSingle, type Target } from '../text/target.ts';
import { fill, type Numbers, nothing, type Resident } from '../values/numbers.ts';
import { checkRange, movedOrigins, type Origin, type RangeCheck } from './origins.ts';

/** The data of a value on this executor. */
export interface Traced {
  readonly numbers: Numbers;
  /** Origin of each element of an index value, for range checks before a call. Empty for real values. */
  readonly origins: readonly Origin[];
}

/** Shape and kind of an input or output. */
export interface Slot {
  readonly shape: Shape;
  /** `real` unless given. */
  readonly kind?: Value['kind'];
  /** Checks the numbers of an input before each call: throws what is wrong with them. */
  check?(numbers: ArrayLike<number>): void;
}

/** One trace: an executor, and its records while an equation runs on it. */
export interface Trace {
  readonly executor: Executor<Traced>;
  readonly schedule: Schedule;
  /** Makes the value of an input, which is argument number `at` of the pipeline. */
  input(name: string, slot: Slot, at: number): Value<Traced>;
  /** Returns the array of a result: a copy if it is an input or a table, null if it has no elements. */
  result(x: Value<Traced>): Resident | null;
  /** Records for the next trace of the same equation. */
  readonly history: History;
  /** Range checks for the indices of each call. */
  readonly checks: readonly RangeCheck[];
  /** Ends the trace. Its values cannot be used any more. */
  end(): void;
}

/** Starts a trace for a target. `previous` are the records of the previous trace of the same equation. */
export function startTrace(target: Target, previous?: History): Trace {
  let ended = false;
  const checks: RangeCheck[] = [];
  const schedule = createSchedule(target.workgroups);
  const history = historyAfter(previous);
  const fuser = createFuser(schedule, target, history, previous?.uses);

  const executor: Executor<Traced> = {
    name: 'gpu',
    get root() {
      return executor as Executor;
    },
    order: 0,
    open: true,
    unrolls: true,
    tables: new Map(),
    input: (x, shape, kind) => ({
      numbers: table(schedule, target, x, shape),
      origins: kind === 'real' ? [] : Array.from(x),
    }),
    constant: (x, shape) => ({ numbers: table(schedule, target, x, shape), origins: [] }),
    fill(x, shape) {
      checkSize('constant', shape, target);
      return { numbers: sizeOf(shape) === 0 ? nothing : fill(x), origins: [] };
    },
    run(primitive, operands, params, shape) {
      if (ended) {
        fail(
          `${primitive.name}: an operand belongs to a compiled function; return it from there instead of keeping it`,
        );
      }
      checkSize(primitive.name, shape, target);
      const xs = operands.map((x) => ({ shape: x.shape, ...(x.data as Traced) }));
      const isIndex = primitive.kinds === 'same' && operands[0]!.kind === 'index';
      const origins = isIndex ? movedOrigins(primitive.name, xs, params, shape) : [];
      for (const check of rangesOf(primitive.name, xs, params)) {
        checkRange(check);
        const isKnown = checks.some(({ origins: known, rows }) => known === check.origins && rows <= check.rows);
        if (!isKnown) checks.push(check);
      }
      if (sizeOf(shape) === 0) return { numbers: nothing, origins };
      // each rule has its own type of parameters, which TypeScript cannot infer from a lookup by name
      const rule = rules[primitive.name as PrimitiveName] as Rule<never>;
      return { numbers: rule(fuser, xs, params as never, shape), origins };
    },
    read: () =>
      fail(
        'read: a function that is being compiled has no numbers yet; return the value and read it from the result of a call',
      ),
  };

  return {
    executor,
    schedule,
    checks,
    history,
    input(name, { shape, kind = 'real' }, at) {
      const origins = (): Origin[] => Array.from({ length: sizeOf(shape) }, (_, i) => ({ input: name, at: i }));
      const size = sizeOf(shape);
      const numbers: Numbers =
        size === 0 ? nothing : { is: 'resident', size, source: at, passesStarts: target.workgroups };
      return makeValue(executor, shape, kind, { numbers, origins: kind === 'index' ? origins() : [] });
    },
    result({ data: { numbers }, shape }) {
      if (numbers.is === 'nothing') return null;
      const array = fuser.materialise(numbers, sizeOf(shape));
      return array.source === null && array.size === sizeOf(shape)
        ? array
        : schedule.launch(sizeOf(shape), [array], 'return a0[i];');
    },
    end() {
      ended = true;
      history.products.isComplete = true;
    },
  };
}

/** Throws an InputError when an array has more elements than kernels can address, or more bytes than the device can bind. */
export function checkSize(call: string, shape: Shape, target: Target): void {
  const size = sizeOf(shape);
  if (size > mostInSingle && !hasNatives(target)) {
    fail(
      `${call}: shape ${show(shape)} holds ${size} elements; at most 2^24 where gpu.js computes positions, in single precision: cut it, or take backend webgpu (with workgroups) or wasm`,
    );
  }
  if (4 * size > target.arrayBytes) {
    fail(
      `${call}: shape ${show(shape)} takes ${4 * size} bytes; this device binds at most ${target.arrayBytes}, so cut it`,
    );
  }
}

/** Makes a table that is uploaded once, or a constant if all its numbers are equal. */
function table(schedule: Schedule, target: Target, x: Float64Array, shape: Shape): Numbers {
  if (x.length === 0) return nothing;
  checkSize('constant', shape, target);
  if (x.every((number) => Object.is(number, x[0]))) return fill(x[0]!);
  return schedule.table(Float32Array.from(x));
}

/** Makes the range checks of gather and scatterAdd. */
function rangesOf(
  call: string,
  [x, index]: readonly { readonly shape: Shape; readonly origins: readonly Origin[] }[],
  params: unknown,
): RangeCheck[] {
  if (call !== 'gather' && call !== 'scatterAdd') return [];
  const { rows, batchAxes } = params as { readonly rows?: number; readonly batchAxes: number };
  return [{ call, origins: index!.origins, rows: rows ?? x!.shape[batchAxes]! }];
}
