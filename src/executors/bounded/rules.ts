/** @file Lists the error bound rule of each primitive. `e` bounds |implementation − f64 number|, elementwise. */

import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import type { MaxReduceParams } from '../../tensor/primitives/max-reduce.ts';
import type { PhiParams } from '../../tensor/primitives/phi.ts';
import type { ScaleParams } from '../../tensor/primitives/scale.ts';
import { zeros } from '../f64/allocate.ts';
import { phi } from '../f64/phi.ts';
import { causalConvolutionRule } from './causal-convolution.ts';
import { linearScanRule } from './linear-scan.ts';
import { type Bounded, evaluate, type Rule } from './operands.ts';
import {
  angleRoundings,
  erfcRoundings,
  isExact,
  type Precision,
  phiRoundings,
  quotientRoundings,
  reciprocalRoundings,
  sigmoidRoundings,
  softplusRoundings,
} from './precision.ts';
import type { Rounding } from './rounding.ts';
import { sumOfProducts } from './sums.ts';

export type { Bounded } from './operands.ts';

const infinite = Number.POSITIVE_INFINITY;
/** Used instead of an f64 result that underflowed, so that a relative error of it is not 0. */
const least = 2 ** -1022;

/** Makes a rule from the bound on a function of two elements. */
const pairwise =
  (bound: (x: number, ex: number, y: number, ey: number, out: number) => number): Rule =>
  (xs, primitive, params, shape) => {
    const a = xs[0]!.data;
    const b = xs[1]!.data;
    const out = evaluate(xs, primitive, params, shape);
    const e = zeros(out.length);
    for (let i = 0; i < e.length; i++) e[i] = bound(a.x[i]!, a.e[i]!, b.x[i]!, b.e[i]!, out[i]!);
    return { x: out, e };
  };

/** Rule for data movement: moves the bounds in the same way as the numbers. Index operands give the positions of both. */
const moves: Rule = (xs, primitive, params, shape) => {
  const bounds = xs.map(({ kind, data: { x, e } }) => (kind === 'index' && primitive.kinds !== 'same' ? x : e));
  return { x: evaluate(xs, primitive, params, shape), e: evaluate(xs, primitive, params, shape, bounds) };
};

/** Rule for a primitive that changes at most the signs of numbers. */
const unchanged: Rule = (xs, primitive, params, shape) => ({
  x: evaluate(xs, primitive, params, shape),
  e: xs[0]!.data.e,
});

/** Whether two numbers certainly differ, despite their errors. */
const apart = (x: number, ex: number, y: number, ey: number): boolean =>
  ex + ey === 0 ? x !== y : Math.abs(x - y) > (ex + ey) * (1 + 2 ** -50);

/** Maximum or minimum. Passes on the error of the operand that is certainly chosen; if either may be, the larger error. */
const extremum = pairwise((x, ex, y, ey, out) => (apart(x, ex, y, ey) ? (out === x ? ex : ey) : Math.max(ex, ey)));

/** Maximum over an axis. Passes on the largest error of those elements that may be the maximum. */
const maxReduce: Rule = (xs, primitive, params, shape) => {
  const { x, e } = xs[0]!.data;
  const on = (data: Float64Array): Float64Array => evaluate(xs, primitive, params, shape, [data]);
  const surely = on(x.map((value, i) => value - e[i]!));
  const { axis } = params as MaxReduceParams;
  const inner = shape.slice(axis).reduce((size, length) => size * length, 1);
  const outer = inner * xs[0]!.shape[axis]!;
  const mayWin = (value: number, i: number): boolean =>
    !(value + e[i]! < surely[Math.floor(i / outer) * inner + (i % inner)]!);
  return { x: on(x), e: on(e.map((error, i) => (mayWin(x[i]!, i) ? error : 0))) };
};

const select: Rule = (xs, primitive, params, shape) => {
  const [mask, x, y] = xs.map(({ data }) => data) as [Bounded, Bounded, Bounded];
  const either = (i: number): number => Math.abs(x.x[i]! - y.x[i]!) + Math.max(x.e[i]!, y.e[i]!);
  return {
    x: evaluate(xs, primitive, params, shape),
    e: mask.x.map((m, i) => {
      if (mask.e[i] !== 0 && !(Math.abs(m) > mask.e[i]!)) return orInfinite(either(i));
      return m !== 0 ? x.e[i]! : y.e[i]!;
    }),
  };
};

/** Replaces NaN, from ∞ − ∞ or 0 · ∞, by ∞. */
const orInfinite = (bound: number): number => (Number.isNaN(bound) ? infinite : bound);

const isPowerOfTwo = (x: number): boolean => x === 2 ** Math.round(Math.log2(x));

/** Makes the rules for one precision. */
export function boundRules(precision: Precision, rounding: Rounding): { readonly [N in PrimitiveName]: Rule } {
  const { angles, functions, tiny } = precision;
  const { withRounding, unit } = rounding;

  /** Makes the rule of an elementwise function f: `spread(x, e, y)` bounds |f(x ± e) − y| for y = f(x) and e > 0 finite. */
  const each =
    (spread: (x: number, e: number, y: number) => number, roundings: number): Rule =>
    (xs, primitive, params, shape) => {
      const { x, e } = xs[0]!.data;
      const out = evaluate(xs, primitive, params, shape);
      const bound = (y: number, i: number): number => {
        // the image of an exact infinity is exact; where the bound of the operand is ∞, so is that of the result
        if (!Number.isFinite(x[i]!) || e[i] === infinite) return e[i]!;
        return withRounding(y, e[i] === 0 ? 0 : spread(x[i]!, e[i]!, y), roundings);
      };
      const bounds = zeros(out.length);
      for (let i = 0; i < out.length; i++) bounds[i] = bound(out[i]!, i);
      return { x: out, e: bounds };
    };

  /** Sum. It rounds nothing where a summand is an exact 0, or infinite. */
  const add = pairwise((x, ex, y, ey, out) => {
    if (x === 0 && ex === 0) return ey;
    if (y === 0 && ey === 0) return ex;
    if (ex + ey < infinite && !(Number.isFinite(x) && Number.isFinite(y))) return 0;
    // equal numbers cancel exactly
    return withRounding(out, ex + ey, out === 0 && ex + ey === 0 ? 0 : 1);
  });

  /** Product: `(x + e_x)(y + e_y) − x y`, and one rounding. Exact factors 0, 1 and −1 round nothing. */
  const mul = pairwise((x, ex, y, ey, out) => {
    if (!(Number.isFinite(x) && Number.isFinite(y))) return ex + ey === 0 ? 0 : infinite;
    if (ex + ey === infinite) return infinite;
    if ((x === 0 && ex === 0) || (y === 0 && ey === 0)) return 0;
    const isSign = (Math.abs(x) === 1 && ex === 0) || (Math.abs(y) === 1 && ey === 0);
    return withRounding(out, Math.abs(x) * ey + ex * (Math.abs(y) + ey), isSign ? 0 : 1);
  });

  /** Quotient: `(e_x + |x/y| e_y) / (|y| − e_y)`, and its roundings. A divisor that is a power of two rounds only by underflow. */
  const div = pairwise((x, ex, y, ey, out) => {
    if (!Number.isFinite(x)) return ex + ey === 0 ? 0 : infinite;
    if (!Number.isFinite(y)) return ey === 0 && ex < infinite ? 0 : infinite;
    const room = Math.abs(y) - ey;
    if (!(room > 0) || ex === infinite) return infinite;
    if (x === 0 && ex === 0) return 0;
    const shifts = ey === 0 && isPowerOfTwo(room);
    const e = withRounding(out, (ex + Math.abs(out) * ey) / room, shifts ? 0 : quotientRoundings);
    return shifts && room > 1 && Math.abs(out) - e < tiny ? e + tiny : e;
  });

  /** Product with a literal. Both sides round the literal, if inexact, and the product. A power of two rounds only by underflow. */
  const scale: Rule = (xs, primitive, params, shape) => {
    const by = Math.abs((params as ScaleParams).by);
    if (by === 1) return unchanged(xs, primitive, params, shape);
    const shifts = by === 0 || (isPowerOfTwo(by) && isExact(precision, by));
    const { x, e } = each((_x, error) => by * error, shifts ? 0 : isExact(precision, by) ? 1 : 2)(
      xs,
      primitive,
      params,
      shape,
    );
    if (!shifts || by > 1) return { x, e };
    const mayUnderflow = (y: number, error: number): boolean => Math.abs(y) - error < tiny && (y !== 0 || error !== 0);
    return { x, e: e.map((error, i) => (mayUnderflow(x[i]!, error) ? error + tiny : error)) };
  };

  /** Phi. The slope `φ_k' = φ_k − k φ_{k+1} < φ_k` grows with z. The term 2⁻⁴⁸ φ_k covers the cancellation in it. */
  const phiRule: Rule = (xs, primitive, params, shape) => {
    const { order } = params as PhiParams;
    const steepest = (z: number): number => (1 + 2 ** -48) * phi(z, order) - order * phi(z, order + 1);
    return each((z, e) => e * steepest(z + e), phiRoundings(precision, order))(xs, primitive, params, shape);
  };

  /** Sine or cosine. The slope changes by at most 1 per radian. */
  const circular =
    (slope: (x: number) => number): Rule =>
    ([angle], primitive, params, shape) => {
      const { x, e } = angle!.data;
      const beyond = (i: number): boolean => Number.isFinite(x[i]) && Math.abs(x[i]!) + e[i]! > angles;
      const reduced = e.map((error, i) => (beyond(i) ? error + angleRoundings * unit * Math.abs(x[i]!) : error));
      const rule = each((at, by) => Math.min(2, by, (Math.abs(slope(at)) + by / 2) * by), functions);
      return rule([{ ...angle!, data: { x, e: reduced } }], primitive, params, shape);
    };

  const sums = sumOfProducts(rounding);

  return {
    add,
    mul,
    div,
    scale,
    abs: unchanged,
    stopGradient: unchanged,
    site: unchanged,
    reshape: unchanged,
    // an error can turn 0 into ±1, or −1 into 1
    sign: each((x, e) => (Math.abs(x) > e ? 0 : x === 0 ? 1 : 2), 0),
    equal: pairwise((x, ex, y, ey) => (ex + ey === 0 || apart(x, ex, y, ey) ? 0 : 1)),
    maximum: extremum,
    minimum: extremum,
    // e^{x+e} − e^x
    exp: each((_x, e, y) => Math.max(y, least) * Math.expm1(e), functions),
    expm1: each((x, e) => Math.max(Math.exp(x), least) * Math.expm1(e), functions),
    sin: circular(Math.cos),
    cos: circular(Math.sin),
    // log x − log(x − e), the larger of the two sides
    log: each((x, e) => (e < x ? -Math.log1p(-e / x) : infinite), functions),
    // |σ''| ≤ σ' = σ(1 − σ) bounds the growth of the slope by e^e
    sigmoid: each(
      (_x, e, y) => Math.min(1, Math.max(y, least) * (1 - y + 2 ** -53) * e * Math.exp(e)),
      sigmoidRoundings(precision),
    ),
    // the slope σ grows with x
    softplus: each((x, e) => e / (1 + Math.exp(-x - e)), softplusRoundings(precision)),
    phi: phiRule,
    // the slope 2/√π e^{−x²} is steepest nearest to 0
    erf: each((x, e) => {
      const steepest = Math.max(0, Math.abs(x) - e);
      return Math.min(2, (2 / Math.sqrt(Math.PI)) * Math.exp(-steepest * steepest) * e);
    }, functions),
    erfc: each((x, e) => {
      const steepest = Math.max(0, Math.abs(x) - e);
      return Math.min(2, (2 / Math.sqrt(Math.PI)) * Math.max(Math.exp(-steepest * steepest), least) * e);
    }, erfcRoundings(precision)),
    // (x − e)^{−1/2} − x^{−1/2}
    rsqrt: each((x, e, y) => (e < x ? y * Math.expm1(-0.5 * Math.log1p(-e / x)) : infinite), functions),
    // 1/(|x| − e) − 1/|x|
    reciprocal: each((x, e, y) => {
      const room = Math.abs(x) - e;
      return room > 0 ? (Math.abs(y) * e) / room : infinite;
    }, reciprocalRoundings),
    select,
    maxReduce,
    broadcast: moves,
    transpose: moves,
    slice: moves,
    pad: moves,
    concat: moves,
    gather: moves,
    sum: sums,
    einsum: sums,
    causalConvolution: causalConvolutionRule(precision, rounding, sums),
    linearScan: linearScanRule(rounding),
    scatterAdd: sums,
  };
}
