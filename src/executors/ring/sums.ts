/** @file Computes sums of elements and of products of elements. */
import type { CausalConvolutionParams } from '../../tensor/primitives/causal-convolution.ts';
import { type EinsumParams, einsum as onValues } from '../../tensor/primitives/einsum.ts';
import { primitives } from '../../tensor/primitives/index.ts';
import type { LinearScanParams } from '../../tensor/primitives/linear-scan.ts';
import type { ScatterAddParams } from '../../tensor/primitives/scatter-add.ts';
import type { SumParams } from '../../tensor/primitives/sum.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { zeros } from '../f64/allocate.ts';
import { f64 } from '../f64/index.ts';
import { around, transpose } from '../f64/movement.ts';
import { argumentsOf, collapsed, type Exactly, inEachField, type Levels, natural, type Ring } from './elements.ts';
import { plus, residue, times } from './field.ts';
import { withData } from './moves.ts';

/** Residues of sums; infinities stay. */
const residues = (totals: Float64Array, p: number): Float64Array =>
  totals.map((total) => (Number.isFinite(total) ? residue(total, p) : total));

/** Sums by executor f64. They are exact: a sum of residues stays below 2⁵³. */
const summed = (x: Ring, sum: (x: Ring['data']['near']) => Float64Array): Levels => {
  const levels = collapsed(x.data);
  return inEachField((level, p) => residues(sum(levels[level]!), p));
};

const low = 2 ** 13;

/** Sums of products by executor f64, of the high and the low half of x. They are exact in sums of up to 2¹³ products. */
function summedProducts(
  [x, y]: readonly [Ring, Ring],
  sum: (x: Float64Array, y: Float64Array) => Float64Array,
): Levels {
  const [left, right] = [collapsed(x.data), collapsed(y.data)];
  return inEachField((level, p) => {
    const [a, b] = [left[level]!, right[level]!];
    const high = a.map((value) => Math.floor(value / low));
    const rest = a.map((value, i) => value - high[i]! * low);
    const [highs, lows] = [sum(high, b), sum(rest, b)];
    return highs.map((total, i) => residue(residue(total, p) * low + residue(lows[i]!, p), p));
  });
}

/** The rule of `einsum`: two operands at a time. */
export function einsum(xs: readonly Ring[], params: EinsumParams, shape: Shape): Exactly {
  const [x, y, ...more] = xs as readonly [Ring, Ring | undefined, ...Ring[]];
  const run = (...data: readonly Float64Array[]): Float64Array =>
    f64.run(
      primitives.einsum,
      data.map((own, i) => withData(xs[i]!, own)),
      params,
      shape,
    );
  if (y === undefined) return { x: summed(x, run) };
  if (more.length === 0) return { x: summedProducts([x, y], run) };
  const [first, second, ...rest] = params.terms;
  const needed = [...rest, params.out].join('');
  const kept = [...params.letters].filter((letter) => needed.includes(letter) && (first! + second!).includes(letter));
  const both = onValues(`${first},${second}->${kept.join('')}`, x, y);
  return onValues(`${[kept.join(''), ...rest].join(',')}->${params.out}`, both, ...more).data as Exactly;
}

/** The rule of `causalConvolution`: its definition, for every method. */
export function causalConvolution([x, k]: readonly Ring[], params: CausalConvolutionParams, shape: Shape): Exactly {
  const run = (a: Float64Array, b: Float64Array): Float64Array =>
    f64.run(primitives.causalConvolution, [withData(x!, a), withData(k!, b)], { ...params, method: 'direct' }, shape);
  return { x: summedProducts([x!, k!], run) };
}

/** The rule of `scatterAdd`. */
export function scatterAdd([x, index]: readonly Ring[], params: ScatterAddParams, shape: Shape): Exactly {
  const at = withData(index!, index!.data.near);
  return { x: summed(x!, (data) => f64.run(primitives.scatterAdd, [withData(x!, data), at], params, shape)) };
}

/** The rule of `sum`. Logarithms add up: their arguments multiply. */
export function sum([x]: readonly Ring[], params: SumParams, shape: Shape): Exactly {
  const { x: own, e, factor, near } = x!.data;
  const totals = summed({ ...x!, data: { x: own, near } }, (data) =>
    f64.run(primitives.sum, [withData(x!, data)], params, shape),
  );
  if (e === undefined) return { x: totals };
  const kept = x!.shape.flatMap((_, axis) => (params.axes.includes(axis) ? [] : [axis]));
  const count = sizeOf(params.axes.map((axis) => x!.shape[axis]!));
  const products = inEachField((level, p) => {
    const rows = transpose(e[level]!, x!.shape, [...kept, ...params.axes]);
    return zeros(sizeOf(shape)).map((_, i) =>
      rows.subarray(i * count, (i + 1) * count).reduce((product, factor) => times(product, factor, p), 1),
    );
  });
  return { x: totals, e: products, factor };
}

/** The rule of `linearScan`. A scan without decay sums logarithms. */
export function linearScan([a, b, h0]: readonly Ring[], params: LinearScanParams, shape: Shape): Exactly {
  const decays = collapsed(a!.data);
  const scanned = (
    inputs: Levels,
    start: Levels,
    step: (h: number, input: number, decay: number, p: number) => number,
  ) =>
    inEachField((level, p) => {
      const [own, decay] = [inputs[level]!, decays[level]!];
      const out = zeros(own.length);
      eachStep(params, shape, (i, before, first) => {
        out[i] = step(before < 0 ? start[level]![first]! : out[before]!, own[i]!, decay[i]!, p);
      });
      return out;
    });
  const next = (h: number, input: number, decay: number, p: number): number => plus(times(decay, h, p), input, p);
  const [inputs, start] = [natural(b!.data), natural(h0!.data)];
  const hasLogs = inputs.e !== undefined || start.e !== undefined;
  if (!hasLogs || !decays.every((level) => level.every((decay) => decay === 1))) {
    return { x: scanned(collapsed(inputs), collapsed(start), next) };
  }
  return {
    x: scanned(inputs.x, start.x, (h, input, _decay, p) => plus(h, input, p)),
    e: scanned(argumentsOf(inputs), argumentsOf(start), (h, input, _decay, p) => times(h, input, p)),
  };
}

/** Visits every step of a scan in order: the number, the one before it (−1 at the first), and the number of the start. */
function eachStep(
  { axis, reverse }: LinearScanParams,
  shape: Shape,
  visit: (i: number, before: number, first: number) => void,
): void {
  const { outer, inner } = around(shape, axis);
  const length = shape[axis]!;
  for (let o = 0; o < outer; o++) {
    for (let t = 0; t < length; t++) {
      const row = (o * length + (reverse ? length - 1 - t : t)) * inner;
      const step = reverse ? inner : -inner;
      for (let i = 0; i < inner; i++) visit(row + i, t === 0 ? -1 : row + i + step, o * inner + i);
    }
  }
}
