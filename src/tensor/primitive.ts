/** @file The interface of a primitive: a name, a shape rule and a vector-Jacobian product (VJP). Executors evaluate it. */
import { fail } from './errors.ts';
import { type Shape, sameShape, show } from './shape.ts';
import type { Value } from './value.ts';

/** Cotangents of the operands; null where an operand has none (an index, a mask) or none was asked for. */
export type Cotangents = readonly (Value | null)[];

/**
 * One operation with one result. `P` is the type of its parameters, which are data and never differentiated.
 * Methods (not properties) so that a `Primitive<P>` is also a `Primitive`.
 */
export interface Primitive<P = unknown> {
  readonly name: string;
  /** Kinds that the operands must have, `real` where absent; `same` takes either kind and gives it to the result. */
  readonly kinds?: readonly ('real' | 'index')[] | 'same';
  /** Shape of the result. Throws an InputError that names the call, the shapes and the remedy. */
  shape(xs: readonly Value[], params: P): Shape;
  /** Given the result's cotangent: one cotangent per operand that `needs` one, made of primitives only. */
  vjp(ct: Value, out: Value, xs: readonly Value[], params: P, needs: readonly boolean[]): Cotangents;
}

/** Parameters of a primitive that has none. */
export const none: Record<never, never> = Object.freeze({});

/** Shape rule of elementwise primitives: all operands have one shape. (Public functions broadcast before they apply.) */
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
