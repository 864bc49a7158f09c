/** @file Defines the type of kernel rules. */
import type { ParamsOf, PrimitiveName } from '../../../tensor/primitives/index.ts';
import type { Shape } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import type { Numbers, Operand } from '../values/numbers.ts';

/**
 * Computes the result of a primitive as a lazy expression, or as the array that a kernel writes. The shape has at least one element.
 */
export type Rule<P> = (fuser: Fuser, xs: readonly Operand[], params: P, shape: Shape) => Numbers;

/** A rule for every primitive. */
export type Rules = { readonly [N in PrimitiveName]: Rule<ParamsOf<N>> };
