/** @file Applying a primitive: one place that picks the executor, checks kinds and shapes, and hands over. */
import { fail } from './errors.ts';
import type { Primitive } from './primitive.ts';
import type { Shape } from './shape.ts';
import type { Executor, Kind, Value } from './value.ts';

/**
 * Applies a primitive to values. The innermost executor among the operands runs it; operands of outer executors are
 * constants to it. Throws on operands of unrelated executors, of an ended gradient call, of a wrong kind or shape.
 */
export function apply<P>(primitive: Primitive<P>, xs: readonly Value[], params: P): Value {
  const on = innermost(primitive, xs);
  const kind = kindOf(primitive, xs);
  const shape = primitive.shape(xs, params);
  return { shape, kind, on, data: on.run(primitive, xs, params, shape) };
}

/** Applies on outer executors what {@link apply} has already checked: for executors that run primitives on those below. */
export function reapply(primitive: Primitive, xs: readonly Value[], params: unknown, shape: Shape): Value {
  const on = innermost(primitive, xs);
  const kind = primitive.kinds === 'same' ? xs[0]!.kind : 'real';
  return { shape, kind, on, data: on.run(primitive, xs, params, shape) };
}

function innermost(primitive: Primitive, xs: readonly Value[]): Executor {
  let on = xs[0]!.on;
  if (!on.open) failEnded(primitive);
  for (let i = 1; i < xs.length; i++) {
    const other = xs[i]!.on;
    if (other !== on) on = inner(primitive, on, other);
  }
  return on;
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
