/** @file Moves and picks elements, as executor f64 moves numbers. */
import type { Primitive } from '../../tensor/primitive.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { zeros } from '../f64/allocate.ts';
import { f64 } from '../f64/index.ts';
import { argumentsOf, type Elements, type Exactly, inEachField, natural, type Ring } from './elements.ts';

/** A value of executor f64 with the shape of `x`. */
export const withData = (x: Ring, data: Float64Array): Value<Float64Array> => ({ ...x, on: f64, data });

/** Runs a primitive that only moves numbers. */
export function moved(primitive: Primitive, operands: readonly Ring[], params: unknown, shape: Shape): Exactly {
  const xs = operands.length === 1 ? operands : operands.map((x) => ({ ...x, data: natural(x.data) }));
  const run = (of: (x: Ring) => Float64Array): Float64Array =>
    f64.run(
      primitive,
      xs.map((x) => withData(x, of(x))),
      params,
      shape,
    );
  const x = inEachField((level) => run(({ data }) => data.x[level]!));
  const isTable = xs.every(({ data }) => data.isTable) ? true : undefined;
  if (xs.every(({ data }) => data.e === undefined)) return { x, isTable };
  // a place that is filled with 0, as by padding, has the logarithm of 1
  const lessOne = (level: number): Float64Array =>
    run(({ data }) => (data.e === undefined ? zeros(data.near.length) : data.e[level]!.map((e) => e - 1)));
  return { x, e: inEachField((level) => lessOne(level).map((e) => e + 1)), factor: xs[0]!.data.factor };
}

/** Takes each element from x where `isFirst`, else from y. */
export function picked(isFirst: (i: number) => boolean, first: Elements, second: Elements): Elements {
  const [x, y] = [natural(first), natural(second)];
  const choose = (a: Float64Array, b: Float64Array): Float64Array => a.map((own, i) => (isFirst(i) ? own : b[i]!));
  const [e, other] = [x.e, y.e];
  return {
    x: inEachField((level) => choose(x.x[level]!, y.x[level]!)),
    near: choose(x.near, y.near),
    ...(e === undefined && other === undefined
      ? {}
      : { e: inEachField((level) => choose(argumentsOf(x)[level]!, argumentsOf(y)[level]!)) }),
  };
}
