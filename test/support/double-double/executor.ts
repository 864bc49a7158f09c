/** @file Evaluates the primitives in double-double arithmetic with plain loops: the reference where f64 loses digits. */
import { f64 } from '../../../src/executors/f64/index.ts';
import type { CausalConvolutionParams } from '../../../src/tensor/primitives/causal-convolution.ts';
import type { EinsumParams } from '../../../src/tensor/primitives/einsum.ts';
import type { LinearScanParams } from '../../../src/tensor/primitives/linear-scan.ts';
import type { MaxReduceParams } from '../../../src/tensor/primitives/max-reduce.ts';
import type { PhiParams } from '../../../src/tensor/primitives/phi.ts';
import type { ScaleParams } from '../../../src/tensor/primitives/scale.ts';
import type { SumParams } from '../../../src/tensor/primitives/sum.ts';
import type { Shape } from '../../../src/tensor/shape.ts';
import { sizeOf, stridesOf } from '../../../src/tensor/shape.ts';
import type { Executor, Value } from '../../../src/tensor/value.ts';
import { type Position, positions } from '../dense.ts';
import {
  cosineOf,
  type DoubleDouble,
  dd,
  divided,
  erfcOf,
  erfOf,
  exponential,
  exponentialMinusOne,
  inverse,
  inverseRoot,
  logarithm,
  minus,
  one,
  phiOf,
  plus,
  sigmoidOf,
  sineOf,
  softplusOf,
  times,
} from './numbers.ts';

type Numbers = readonly DoubleDouble[];
type Operand = Value<Numbers>;

const functions: Readonly<Record<string, (x: DoubleDouble, params: unknown) => DoubleDouble>> = {
  erf: erfOf,
  erfc: erfcOf,
  abs: (x) => (x.hi < 0 ? minus(x) : x),
  cos: cosineOf,
  sin: sineOf,
  exp: exponential,
  expm1: exponentialMinusOne,
  log: logarithm,
  reciprocal: inverse,
  rsqrt: inverseRoot,
  sigmoid: sigmoidOf,
  softplus: softplusOf,
  phi: (x, params) => phiOf(x, (params as PhiParams).order),
  scale: (x, params) => times(x, dd((params as ScaleParams).by)),
};

const isLess = (x: DoubleDouble, y: DoubleDouble): boolean => x.hi < y.hi || (x.hi === y.hi && x.lo < y.lo);

const larger = (x: DoubleDouble, y: DoubleDouble): DoubleDouble => (isLess(x, y) ? y : x);

const ofTwo: Readonly<Record<string, (x: DoubleDouble, y: DoubleDouble) => DoubleDouble>> = {
  add: plus,
  mul: times,
  div: divided,
  maximum: larger,
  minimum: (x, y) => (isLess(x, y) ? x : y),
};

/** Primitives that only move numbers or read signs. The f64 executor runs them on each half. */
const moves = [
  'broadcast',
  'concat',
  'pad',
  'reshape',
  'select',
  'sign',
  'site',
  'slice',
  'stopGradient',
  'stored',
  'transpose',
];

/** The row-major offset of a position. */
const offsetOf = (shape: Shape, position: Position): number =>
  shape.reduce((offset, length, axis) => offset * length + position[axis]!, 0);

/** The distance to a position, along axes with given strides. */
function stepsTo(strides: readonly number[], position: Position): number {
  let steps = 0;
  for (let axis = 0; axis < strides.length; axis++) steps += strides[axis]! * position[axis]!;
  return steps;
}

/** Sums of products: for each position of the result, over all positions of the inner lengths. */
const sumsOf = (
  shape: Shape,
  inner: readonly number[],
  factors: (outer: Position, inner: Position) => readonly DoubleDouble[],
): Numbers => {
  const inside = positions(inner);
  return positions(shape).map((outer) =>
    inside.reduce((total, at) => plus(total, factors(outer, at).reduce(times)), dd(0)),
  );
};

function einsum(xs: readonly Operand[], { terms, out }: EinsumParams, shape: Shape): Numbers {
  const lengths = new Map(terms.flatMap((term, i) => [...term].map((letter, axis) => [letter, xs[i]!.shape[axis]!])));
  const summed = [...lengths.keys()].filter((letter) => !out.includes(letter));
  const strides = xs.map(({ shape: of }, i) => {
    const dense = stridesOf(of);
    const along = (letter: string): number =>
      [...terms[i]!].reduce((stride, own, axis) => (own === letter ? stride + dense[axis]! : stride), 0);
    return { outer: [...out].map(along), inner: summed.map(along) };
  });
  return sumsOf(
    shape,
    summed.map((letter) => lengths.get(letter)!),
    (outer, inner) =>
      xs.map(({ data }, i) => data[stepsTo(strides[i]!.outer, outer) + stepsTo(strides[i]!.inner, inner)]!),
  );
}

function sum({ data, shape: of }: Operand, { axes }: SumParams, shape: Shape): Numbers {
  const kept = of.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  return sumsOf(
    shape,
    axes.map((axis) => of[axis]!),
    (outer, inner) => {
      const position = of.map(
        (_, axis) => (axes.includes(axis) ? inner[axes.indexOf(axis)] : outer[kept.indexOf(axis)])!,
      );
      return [data[offsetOf(of, position)]!];
    },
  );
}

function maxReduce({ data, shape: of }: Operand, { axis }: MaxReduceParams, shape: Shape): Numbers {
  return positions(shape).map((outer) =>
    Array.from({ length: of[axis]! }, (_, i) => data[offsetOf(of, outer.toSpliced(axis, 0, i))]!).reduce(larger),
  );
}

/** Yields the elements along an axis, channel by channel, in scan order. */
function* along(shape: Shape, axis: number, reverse: boolean): Generator<{ at: number; channel: number; t: number }> {
  const [inner, length] = [sizeOf(shape.slice(axis + 1)), shape[axis]!];
  for (let channel = 0; channel < sizeOf(shape) / Math.max(1, length); channel++) {
    const start = Math.floor(channel / inner) * inner * length + (channel % inner);
    for (let step = 0; step < length; step++) {
      const t = reverse ? length - 1 - step : step;
      yield { at: start + t * inner, channel, t };
    }
  }
}

function linearScan([a, b, h0]: readonly Operand[], { axis, reverse }: LinearScanParams, shape: Shape): Numbers {
  const states: DoubleDouble[] = [];
  const carried = [...h0!.data];
  for (const { at, channel } of along(shape, axis, reverse)) {
    carried[channel] = plus(times(a!.data[at]!, carried[channel]!), b!.data[at]!);
    states[at] = carried[channel]!;
  }
  return states;
}

function convolution([x, k]: readonly Operand[], { axis, reverse }: CausalConvolutionParams, shape: Shape): Numbers {
  const inner = sizeOf(shape.slice(axis + 1));
  const y: DoubleDouble[] = [];
  for (const { at, t } of along(shape, axis, false)) {
    const [start, count] = [at - t * inner, reverse ? shape[axis]! - t : t + 1];
    y[at] = dd(0);
    for (let lag = 0; lag < count; lag++) {
      const from = reverse ? t + lag : t - lag;
      y[at] = plus(y[at], times(k!.data[start + lag * inner]!, x!.data[start + from * inner]!));
    }
  }
  return y;
}

function compute(name: string, xs: readonly Operand[], params: unknown, shape: Shape): Numbers {
  const [x, y] = xs.map(({ data }) => data) as [Numbers, Numbers];
  if (name in functions) return x.map((value) => functions[name]!(value, params));
  if (name in ofTwo) return x.map((value, i) => ofTwo[name]!(value, y[i]!));
  if (name === 'equal') return x.map((value, i) => (value.hi === y[i]!.hi && value.lo === y[i]!.lo ? one : dd(0)));
  if (name === 'einsum') return einsum(xs, params as EinsumParams, shape);
  if (name === 'maxReduce') return maxReduce(xs[0]!, params as MaxReduceParams, shape);
  if (name === 'sum') return sum(xs[0]!, params as SumParams, shape);
  if (name === 'linearScan') return linearScan(xs, params as LinearScanParams, shape);
  if (name === 'causalConvolution') return convolution(xs, params as CausalConvolutionParams, shape);
  throw new Error(`no primitive ${name} in double-double; add it to test/support/double-double/executor.ts`);
}

// cached because a long sequence is sliced at every token
const known = new WeakMap<Numbers, Readonly<Record<keyof DoubleDouble, Float64Array>>>();

/** Returns the high halves and the low halves as two arrays. */
function halvesOf(data: Numbers): Readonly<Record<keyof DoubleDouble, Float64Array>> {
  const halves = known.get(data) ?? {
    hi: Float64Array.from(data, ({ hi }) => hi),
    lo: Float64Array.from(data, ({ lo }) => lo),
  };
  known.set(data, halves);
  return halves;
}

/** The double-double executor. Reading rounds to doubles. */
export const doubleDouble: Executor<Numbers> = {
  name: 'double-double',
  get root() {
    return doubleDouble as Executor;
  },
  order: 0,
  open: true,
  input: (x) => Array.from(x, (value) => dd(value)),
  constant: (x) => Array.from(x, (value) => dd(value)),
  run(primitive, xs, params, shape) {
    const operands = xs as readonly Operand[];
    if (!moves.includes(primitive.name)) return compute(primitive.name, operands, params, shape);
    const [hi, lo] = (['hi', 'lo'] as const).map((half) => {
      const part = (x: Operand, i: number): Value => {
        // a mask or a sign depends on the high half only
        const isMask = (primitive.name === 'select' && i === 0) || primitive.name === 'sign';
        return { ...x, on: f64, data: halvesOf(x.data)[isMask ? 'hi' : half] } as Value;
      };
      return f64.run(primitive, operands.map(part), params, shape) as Float64Array;
    }) as [Float64Array, Float64Array];
    return Array.from(hi, (value, i) => dd(value, primitive.name === 'sign' ? 0 : lo[i]));
  },
  read: (data) => Float64Array.from(data, ({ hi }) => hi),
};
