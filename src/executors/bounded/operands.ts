/** @file Defines operands with error bounds, and evaluates primitives on their numbers. */
import type { Primitive } from '../../tensor/primitive.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { f64 } from '../f64/index.ts';

/** Numbers `x`, and the bound `e` on the error of each. The bound of an infinite number or NaN is 0 or ∞. */
export interface Bounded {
  readonly x: Float64Array;
  readonly e: Float64Array;
}

export type Operands = readonly Value<Bounded>[];

/** Computes a primitive's result with its error bound. */
export type Rule = (xs: Operands, primitive: Primitive, params: unknown, shape: Shape) => Bounded;

/** Evaluates a primitive in f64 on the numbers of the operands, or on `data` instead. */
export function evaluate(
  xs: Operands,
  primitive: Primitive,
  params: unknown,
  shape: Shape,
  data: readonly Float64Array[] = xs.map((x) => x.data.x),
): Float64Array {
  const operands = xs.map((x, i): Value<Float64Array> => ({ shape: x.shape, kind: x.kind, on: f64, data: data[i]! }));
  return f64.run(primitive, operands, params, shape);
}
