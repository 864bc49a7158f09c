/** @file What a kernel rule is. */
import type { ParamsOf, PrimitiveName } from '../../../tensor/primitives/index.ts';
import type { Shape } from '../../../tensor/shape.ts';
import type { Tracer } from '../fusion/fuser.ts';
import type { Numbers, Operand } from '../values/numbers.ts';

/** The numbers of a primitive's result, which has elements: an expression, or the array that a kernel writes. */
export type Rule<P> = (tracer: Tracer, xs: readonly Operand[], params: P, shape: Shape) => Numbers;

/** A rule for every primitive. */
export type Rules = { readonly [N in PrimitiveName]: Rule<ParamsOf<N>> };
