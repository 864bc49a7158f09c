/** @file The rules of the eager executors: they compute in double precision, on dense row-major arrays of either precision. */

import { fail } from '../../tensor/errors.ts';
import type { Primitive } from '../../tensor/primitive.ts';
import type { ParamsOf, PrimitiveName } from '../../tensor/primitives/index.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { large, type Numbers, zerosLike } from './allocate.ts';
import { causalConvolution } from './causal-convolution.ts';
import { einsum } from './einsum.ts';
import { erf, erfc } from './erf.ts';
import { linearScan } from './linear-scan.ts';
import { around, broadcast, copySteps, transpose } from './movement.ts';
import { phi } from './phi.ts';
import { maxReduce, sum } from './reduce.ts';

/** Computes a primitive. The result is an array of the operands' type. */
type Rule<N extends PrimitiveName> = <A extends Numbers>(
  xs: readonly Value<A>[],
  params: ParamsOf<N>,
  shape: Shape,
) => A;

/** Makes a rule from a function of one number. */
const each =
  (f: (x: number) => number) =>
  <A extends Numbers>([x]: readonly Value<A>[]): A => {
    const { data } = x!;
    const out = zerosLike(data, data.length);
    for (let i = 0; i < out.length; i++) out[i] = f(data[i]!);
    return out;
  };

/** Makes a rule from a function of two numbers. */
const pairwise =
  (f: (x: number, y: number) => number) =>
  <A extends Numbers>([x, y]: readonly Value<A>[]): A => {
    const a = x!.data;
    const b = y!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = f(a[i]!, b[i]!);
    return out;
  };

/** Returns the array of the operand. Values are immutable, so they can share it. */
const same = <A extends Numbers>([x]: readonly Value<A>[]): A => x!.data;

const sigmoid = (x: number): number => {
  const e = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
};

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Calls `visit(row of the table, row of the other operand)` for every index. Throws on an index outside the rows. */
function eachRow(
  call: string,
  index: Value<Numbers>,
  batchAxes: number,
  rows: number,
  visit: (row: number, at: number) => void,
): void {
  const perBatch = sizeOf(index.shape.slice(batchAxes));
  for (let i = 0; i < index.data.length; i++) {
    const row = index.data[i]!;
    if (!(row < rows)) {
      fail(`${call}: index ${row} at element ${i} is outside the table's ${rows} rows; rows count from 0`);
    }
    visit(Math.floor(i / perBatch) * rows + row, i);
  }
}

const rules: { readonly [N in PrimitiveName]: Rule<N> } = {
  // not by `each` and `pairwise`: these rules take most of the time, and engines do not inline the function of a shared loop
  add([x, y]) {
    const a = x!.data;
    const b = y!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = a[i]! + b[i]!;
    return out;
  },
  mul([x, y]) {
    const a = x!.data;
    const b = y!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = a[i]! * b[i]!;
    return out;
  },
  scale([x], { by }) {
    const a = x!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = a[i]! * by;
    return out;
  },
  div([x, y]) {
    const a = x!.data;
    const b = y!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = a[i]! / b[i]!;
    return out;
  },
  equal([x, y]) {
    const a = x!.data;
    const b = y!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = a[i]! === b[i]! ? 1 : 0;
    return out;
  },
  reciprocal([x]) {
    const a = x!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = 1 / a[i]!;
    return out;
  },
  rsqrt([x]) {
    const a = x!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = 1 / Math.sqrt(a[i]!);
    return out;
  },
  abs([x]) {
    const a = x!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = Math.abs(a[i]!);
    return out;
  },
  exp([x]) {
    const a = x!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = Math.exp(a[i]!);
    return out;
  },
  sigmoid([x]) {
    const a = x!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = sigmoid(a[i]!);
    return out;
  },
  erf: each(erf),
  erfc: each(erfc),
  cos: each(Math.cos),
  expm1: each(Math.expm1),
  log: each(Math.log),
  maximum: pairwise(Math.max),
  minimum: pairwise(Math.min),
  phi: (xs, { order }) => each((z) => phi(z, order))(xs),
  sign: each(Math.sign),
  sin: each(Math.sin),
  softplus: each(softplus),
  site: same,
  stored: same,
  stopGradient: same,
  reshape: same,
  select([mask, x, y]) {
    const m = mask!.data;
    const a = x!.data;
    const b = y!.data;
    const out = zerosLike(a, a.length);
    for (let i = 0; i < out.length; i++) out[i] = m[i] !== 0 ? a[i]! : b[i]!;
    return out;
  },
  broadcast: ([x], _params, shape) => broadcast(x!.data, x!.shape, shape),
  transpose: ([x], { order }) => transpose(x!.data, x!.shape, order),
  slice([x], { axis, start, stop }, shape) {
    const { data } = x!;
    const sides = around(shape, axis);
    const size = sizeOf(shape);
    // a contiguous slice shares the array, unless it is small or would keep a much larger array in memory
    if (sides.outer === 1 && size > large && size > data.length / 2) {
      return data.subarray(start * sides.inner, stop * sides.inner) as typeof data;
    }
    const out = zerosLike(data, size);
    copySteps(data, x!.shape[axis]!, start, out, stop - start, 0, stop - start, sides);
    return out;
  },
  pad([x], { axis, before }, shape) {
    const out = zerosLike(x!.data, sizeOf(shape));
    const length = x!.shape[axis]!;
    copySteps(x!.data, length, 0, out, shape[axis]!, before, length, around(shape, axis));
    return out;
  },
  concat(xs, { axis }, shape) {
    const out = zerosLike(xs[0]!.data, sizeOf(shape));
    const sides = around(shape, axis);
    let at = 0;
    for (const x of xs) {
      const length = x.shape[axis]!;
      copySteps(x.data, length, 0, out, shape[axis]!, at, length, sides);
      at += length;
    }
    return out;
  },
  sum: ([x], { axes }) => sum(x!.data, x!.shape, axes),
  maxReduce: ([x], { axis }) => maxReduce(x!.data, x!.shape, axis),
  einsum,
  causalConvolution: ([x, k], params, shape) => causalConvolution(x!.data, k!.data, params, shape),
  linearScan: ([a, b, h0], params) => linearScan([a!, b!, h0!], params),
  gather([table, index], { batchAxes }, shape) {
    const out = zerosLike(table!.data, sizeOf(shape));
    const width = sizeOf(table!.shape.slice(batchAxes + 1));
    eachRow('gather', index!, batchAxes, table!.shape[batchAxes]!, (row, at) => {
      for (let i = 0; i < width; i++) out[at * width + i] = table!.data[row * width + i]!;
    });
    return out;
  },
  scatterAdd([x, index], { rows, batchAxes }, shape) {
    const out = zerosLike(x!.data, sizeOf(shape));
    const width = sizeOf(shape.slice(batchAxes + 1));
    eachRow('scatterAdd', index!, batchAxes, rows, (row, at) => {
      for (let i = 0; i < width; i++) out[row * width + i]! += x!.data[at * width + i]!;
    });
    return out;
  },
};

/** Evaluates a primitive on checked operands. */
export function evaluate<A extends Numbers>(
  { name }: Primitive,
  xs: readonly Value[],
  params: unknown,
  shape: Shape,
): A {
  // each rule has its own type of parameters, which TypeScript cannot infer from a lookup by name
  const rule = rules[name as PrimitiveName] as Rule<PrimitiveName>;
  return rule(xs as readonly Value<A>[], params as never, shape);
}
