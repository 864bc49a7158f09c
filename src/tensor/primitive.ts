/** @file Defines the interface of a primitive: a name, a shape rule and a vector-Jacobian product (VJP). Executors evaluate it. */
import { fail } from './errors.ts';
import { type Shape, sameShape, show } from './shape.ts';
import type { Value } from './value.ts';

/** Cotangents of the operands. Null where an operand has none (an index, a mask), or where the caller does not need it. */
export type Cotangents = readonly (Value | null)[];

/**
 * One operation with one result. `P` is the type of its parameters, which are never differentiated.
 * Methods (not properties) so that a `Primitive<P>` is also a `Primitive`.
 */
export interface Primitive<P = unknown> {
  readonly name: string;
  /** Kinds that the operands must have; `real` if absent. With `same`, operands of either kind give a result of that kind. */
  readonly kinds?: readonly ('real' | 'index')[] | 'same';
  /** Returns the shape of the result. Throws an InputError on wrong operands, with the call, the shapes and the remedy. */
  shape(xs: readonly Value[], params: P): Shape;
  /** From the cotangent of the result, computes the cotangent of each operand that `needs` one. Uses primitives only. */
  vjp(ct: Value, out: Value, xs: readonly Value[], params: P, needs: readonly boolean[]): Cotangents;
}

/** Empty parameters, for primitives that have none. */
export const none: Record<never, never> = Object.freeze({});

/** Shape rule of elementwise primitives: all operands have one shape. Public functions broadcast the operands beforehand. */
export function elementwiseShape(this: { readonly name: string }, xs: readonly Value[]): Shape {
  const shape = xs[0]!.shape;
  for (let i = 1; i < xs.length; i++) {
    if (!sameShape(shape, xs[i]!.shape)) {
      fail(
        `${this.name}: operand ${i} has shape ${show(xs[i]!.shape)}, operand 0 has ${show(shape)}; broadcast one first`,
      );
    }
  }
  return shape;
}
