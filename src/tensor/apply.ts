/** @file Applies a primitive: picks the executor, checks kinds and shapes, runs it. */
import { fail } from './errors.ts';
import { makeValue } from './make.ts';
import type { Primitive } from './primitive.ts';
import type { Shape } from './shape.ts';
import { type Executor, isValue, type Kind, type Value } from './value.ts';

/**
 * Applies a primitive to values. The innermost executor among those of the operands runs it. It treats operands of outer executors
 * as constants. Throws on operands that are no values, have unrelated executors, come from an ended gradient call, or have a wrong
 * kind or shape.
 */
export function apply<P>(primitive: Primitive<P>, xs: readonly Value[], params: P): Value {
  const on = innermost(primitive, xs);
  const kind = kindOf(primitive, xs);
  const shape = primitive.shape(xs, params);
  return makeValue(on, shape, kind, on.run(primitive, xs, params, shape));
}

/** {@link apply} without its checks, for executors such as a tape: their operands have been checked already. */
export function reapply(primitive: Primitive, xs: readonly Value[], params: unknown, shape: Shape): Value {
  const on = innermost(primitive, xs);
  const kind = primitive.kinds === 'same' ? xs[0]!.kind : 'real';
  return makeValue(on, shape, kind, on.run(primitive, xs, params, shape));
}

function innermost(primitive: Primitive, xs: readonly Value[]): Executor {
  // only values have an executor, so this look-up is also the check of isValue
  let on = xs[0]?.on;
  if (on === undefined) return failNoValue(primitive.name, 'operand 0', xs[0]);
  if (!on.open) failEnded(primitive);
  for (let i = 1; i < xs.length; i++) {
    const other = xs[i]?.on;
    if (other === undefined) return failNoValue(primitive.name, `operand ${i}`, xs[i]);
    if (other !== on) on = inner(primitive, on, other);
  }
  return on;
}

/** Throws unless `x` is a value; `what` names it in the message. */
export function checkValue(call: string, what: string, x: unknown): asserts x is Value {
  if (!isValue(x)) failNoValue(call, what, x);
}

/** Throws the error for an argument `x` that is no value. */
export function failNoValue(call: string, what: string, x: unknown): never {
  fail(`${call}: ${what} is ${described(x)}, not a value; make one with tensor(…)`);
}

/** Describes an argument of a wrong type, as errors print it. */
export function described(x: unknown): string {
  if (typeof x === 'string') return `'${x}'`;
  if (Array.isArray(x)) return `a list of ${x.length}`;
  if (typeof x === 'function') return 'a function';
  return typeof x === 'object' && x !== null ? 'an object' : String(x);
}

function inner(primitive: Primitive, a: Executor, b: Executor): Executor {
  if (a.root !== b.root) {
    fail(
      `${primitive.name}: operands live on unrelated executors (${a.name} and ${b.name}); move one with input(executor, read(x), x.shape)`,
    );
  }
  if (!b.open) failEnded(primitive);
  return a.order >= b.order ? a : b;
}

function failEnded(primitive: Primitive): never {
  fail(
    `${primitive.name}: an operand belongs to a gradient call that has ended; return it from the differentiated function instead of keeping it`,
  );
}

function kindOf(primitive: Primitive, xs: readonly Value[]): Kind {
  const { kinds } = primitive;
  for (let i = 0; i < xs.length; i++) {
    const want = kinds === undefined ? 'real' : kinds === 'same' ? xs[0]!.kind : kinds[i];
    if (xs[i]!.kind !== want) {
      fail(
        `${primitive.name}: operand ${i} is of kind ${xs[i]!.kind}, not ${want}; ${want === 'index' ? 'make it with indices(…)' : 'index values are never computed with'}`,
      );
    }
  }
  return kinds === 'same' ? xs[0]!.kind : 'real';
}
