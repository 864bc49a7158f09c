/** @file The executor on which an equation is traced: every primitive launches kernels on handles of a gpu.js pipeline. */
import { fail } from '../../tensor/errors.ts';
import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import { type Shape, show, sizeOf } from '../../tensor/shape.ts';
import type { Executor, Value } from '../../tensor/value.ts';
import { rules } from './kernels/index.ts';
import { mostElements } from './kernels/places.ts';
import type { Rule } from './kernels/rule.ts';
import { fill, type Launch, type Numbers, nothing, type Traced } from './numbers.ts';
import { checkRange, movedOrigins, type Origin, type RangeCheck } from './origins.ts';

/** A kernel of a fixed size from its text: what gpu.js makes of it, called with handles. */
export type KernelOf = (text: string, size: number) => (...operands: unknown[]) => unknown;

/** A shape and kind without numbers. */
export interface Slot {
  readonly shape: Shape;
  /** `real` unless given. */
  readonly kind?: Value['kind'];
}

/** A trace: an executor, and what else becomes known while an equation runs on it. */
export interface Trace {
  readonly executor: Executor<Traced>;
  /** An input of the pipeline as a value. */
  input(name: string, slot: Slot, handle: unknown): Value<Traced>;
  /** The handle of an array that a kernel computed: of a copy where there is none yet; null where there are no elements. */
  result(x: Value<Traced>): unknown;
  /** What must hold of the indices in a call. */
  readonly checks: readonly RangeCheck[];
  /** Ends tracing: nothing more may be computed with its values. */
  end(): void;
}

/** Begins to trace. */
export function trace(kernelOf: KernelOf): Trace {
  let ended = false;
  const checks: RangeCheck[] = [];

  const launch: Launch = (size, operands, body) => {
    if (size === 0) return nothing;
    const names = operands.map((_, k) => `a${k}`);
    const reads = operands.map((x, k) => (offset: string) => (x.is === 'fill' ? names[k]! : `${names[k]}[${offset}]`));
    const text = `function (${names.join(', ')}) {\nconst i = this.thread.x;\n${body(...reads)}\n}`;
    const handles = operands.map((x) => {
      if (x.is === 'nothing') throw new Error(`a kernel was launched on an array without elements:\n${text}`);
      return x.is === 'fill' ? x.number : x.handle;
    });
    return { is: 'resident', handle: kernelOf(text, size)(...handles), computed: true };
  };

  const executor: Executor<Traced> = {
    name: 'gpu',
    get root() {
      return executor as Executor;
    },
    order: 0,
    open: true,
    input: (x, shape, kind) =>
      kind === 'real'
        ? { numbers: table(x, shape), origins: [] }
        : { numbers: table(x, shape), origins: Array.from(x) },
    constant: (x, shape) => ({ numbers: table(x, shape), origins: [] }),
    run(primitive, operands, params, shape) {
      if (ended) {
        fail(
          `${primitive.name}: an operand belongs to a compiled function; return it from there instead of keeping it`,
        );
      }
      checkSize(primitive.name, shape);
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
      return { numbers: rule(launch, xs, params as never, shape), origins };
    },
    read: () =>
      fail(
        'read: a function that is being compiled has no numbers yet; return the value and read it from the result of a call',
      ),
  };

  return {
    executor,
    checks,
    input(name, { shape, kind = 'real' }, handle) {
      const origins = (): Origin[] => Array.from({ length: sizeOf(shape) }, (_, at) => ({ input: name, at }));
      const numbers: Numbers = sizeOf(shape) === 0 ? nothing : { is: 'resident', handle, computed: false };
      return { shape, kind, on: executor, data: { numbers, origins: kind === 'index' ? origins() : [] } };
    },
    result({ data: { numbers }, shape }) {
      if (numbers.is === 'nothing') return null;
      if (numbers.is === 'resident' && numbers.computed) return numbers.handle;
      const copied = launch(sizeOf(shape), [numbers], (read) => `return ${read!('i')};`);
      return (copied as { handle: unknown }).handle;
    },
    end() {
      ended = true;
    },
  };
}

/** Throws where an array has more elements than kernels can count. */
export function checkSize(call: string, shape: Shape): void {
  if (sizeOf(shape) > mostElements) {
    fail(`${call}: shape ${show(shape)} holds ${sizeOf(shape)} elements; on the gpu executor at most 2^24, so cut it`);
  }
}

/** A table that is uploaded once; a scalar where all its numbers are the same. */
function table(x: Float64Array, shape: Shape): Numbers {
  if (x.length === 0) return nothing;
  checkSize('constant', shape);
  if (x.every((number) => Object.is(number, x[0]))) return fill(x[0]!);
  return { is: 'resident', handle: Float32Array.from(x), computed: false };
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
