/** @file What a kernel rule is. */
import type { ParamsOf, PrimitiveName } from '../../../tensor/primitives/index.ts';
import type { Shape } from '../../../tensor/shape.ts';
import type { Launch, Numbers, Operand } from '../numbers.ts';

/** The numbers of a primitive's result, by launching as many kernels as it takes. */
export type Rule<P> = (launch: Launch, xs: readonly Operand[], params: P, shape: Shape) => Numbers;

/** A rule for every primitive. */
export type Rules = { readonly [N in PrimitiveName]: Rule<ParamsOf<N>> };
