/** @file The executor on which an equation is traced: primitives make expressions, and kernels where numbers are needed. */
import { fail } from '../../../tensor/errors.ts';
import type { PrimitiveName } from '../../../tensor/primitives/index.ts';
import { type Shape, show, sizeOf } from '../../../tensor/shape.ts';
import type { Executor, Value } from '../../../tensor/value.ts';
import { tracer } from '../fusion/fuser.ts';
import { type Launches, launches } from '../fusion/schedule.ts';
import { rules } from '../kernels/index.ts';
import type { Rule } from '../kernels/rule.ts';
import { mostElements, type Target } from '../text/target.ts';
import { fill, type Numbers, nothing, type Resident } from '../values/numbers.ts';
import { checkRange, movedOrigins, type Origin, type RangeCheck } from './origins.ts';

/** What the gpu executor stores for a value. */
export interface Traced {
  readonly numbers: Numbers;
  /** Of an index value: where each element comes from, so that ranges are checked before a call. */
  readonly origins: readonly Origin[];
}

/** A shape and kind without numbers. */
export interface Slot {
  readonly shape: Shape;
  /** `real` unless given. */
  readonly kind?: Value['kind'];
}

/** A trace: an executor, and what else becomes known while an equation runs on it. */
export interface Trace {
  readonly executor: Executor<Traced>;
  readonly launches: Launches;
  /** An input, argument number `at` of the pipeline, as a value. */
  input(name: string, slot: Slot, at: number): Value<Traced>;
  /** The array that a kernel computed: of a copy where there is none yet; null where there are no elements. */
  result(x: Value<Traced>): Resident | null;
  /** How many kernels use each expression, by the order in which the equation made them. */
  readonly uses: readonly number[];
  /** What must hold of the indices in a call. */
  readonly checks: readonly RangeCheck[];
  /** Ends tracing: nothing more may be computed with its values. */
  end(): void;
}

/** Begins to trace for a target; `foreseen` is what an earlier trace of the same equation has counted. */
export function trace(target: Target, foreseen?: readonly number[]): Trace {
  let ended = false;
  const checks: RangeCheck[] = [];
  const list = launches();
  const uses: number[] = [];
  const rulesView = tracer(list, target, uses, foreseen);

  const executor: Executor<Traced> = {
    name: 'gpu',
    get root() {
      return executor as Executor;
    },
    order: 0,
    open: true,
    input: (x, shape, kind) => ({
      numbers: table(list, target, x, shape),
      origins: kind === 'real' ? [] : Array.from(x),
    }),
    constant: (x, shape) => ({ numbers: table(list, target, x, shape), origins: [] }),
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
      // the table gives each name the rule of its own parameter type, which a lookup by name cannot know
      const rule = rules[primitive.name as PrimitiveName] as Rule<never>;
      return { numbers: rule(rulesView, xs, params as never, shape), origins };
    },
    read: () =>
      fail(
        'read: a function that is being compiled has no numbers yet; return the value and read it from the result of a call',
      ),
  };

  return {
    executor,
    launches: list,
    checks,
    uses,
    input(name, { shape, kind = 'real' }, at) {
      const origins = (): Origin[] => Array.from({ length: sizeOf(shape) }, (_, i) => ({ input: name, at: i }));
      const size = sizeOf(shape);
      const numbers: Numbers = size === 0 ? nothing : { is: 'resident', size, source: at };
      return { shape, kind, on: executor, data: { numbers, origins: kind === 'index' ? origins() : [] } };
    },
    result({ data: { numbers }, shape }) {
      if (numbers.is === 'nothing') return null;
      const array = rulesView.make(numbers, sizeOf(shape));
      return array.source === null ? array : list.launch(sizeOf(shape), [array], 'return a0[i];');
    },
    end() {
      ended = true;
    },
  };
}

/** Throws where an array has more elements than kernels can count, or than the device binds. */
export function checkSize(call: string, shape: Shape, { arrayBytes }: Target): void {
  const size = sizeOf(shape);
  if (size > mostElements) {
    fail(`${call}: shape ${show(shape)} holds ${size} elements; on the gpu executor at most 2^24, so cut it`);
  }
  if (4 * size > arrayBytes) {
    fail(`${call}: shape ${show(shape)} takes ${4 * size} bytes; this device binds at most ${arrayBytes}, so cut it`);
  }
}

/** A table that is uploaded once; a scalar where all its numbers are the same. */
function table(list: Launches, target: Target, x: Float64Array, shape: Shape): Numbers {
  if (x.length === 0) return nothing;
  checkSize('constant', shape, target);
  if (x.every((number) => Object.is(number, x[0]))) return fill(x[0]!);
  return list.table(Float32Array.from(x));
}

/** What gather and scatterAdd ask of their indices. */
function rangesOf(
  call: string,
  [x, index]: readonly { readonly shape: Shape; readonly origins: readonly Origin[] }[],
  params: unknown,
): RangeCheck[] {
  if (call !== 'gather' && call !== 'scatterAdd') return [];
  const { rows, batchAxes } = params as { readonly rows?: number; readonly batchAxes: number };
  return [{ call, origins: index!.origins, rows: rows ?? x!.shape[batchAxes]! }];
}
