/** @file The type of kernel rules. */
import type { ParamsOf, PrimitiveName } from '../../../tensor/primitives/index.ts';
import type { Shape } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import type { Numbers, Operand } from '../values/numbers.ts';

/**
 * Computes the elements of a primitive's result, of a shape with at least one: a lazy expression, or the array that a kernel
 * writes.
 */
export type Rule<P> = (fuser: Fuser, xs: readonly Operand[], params: P, shape: Shape) => Numbers;

/** A rule for every primitive. */
export type Rules = { readonly [N in PrimitiveName]: Rule<ParamsOf<N>> };
