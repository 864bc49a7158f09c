/** @file Lists the error bound rule of each primitive. `e` bounds |implementation − f64 number|, elementwise. */

import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import type { MaxReduceParams } from '../../tensor/primitives/max-reduce.ts';
import type { PhiParams } from '../../tensor/primitives/phi.ts';
import type { ScaleParams } from '../../tensor/primitives/scale.ts';
import type { SigmoidParams } from '../../tensor/primitives/sigmoid.ts';
import type { StoredParams } from '../../tensor/primitives/stored.ts';
import { zeros } from '../f64/allocate.ts';
import { phi } from '../f64/phi.ts';
import { isExact } from '../profiles/format.ts';
import {
  angleRoundings,
  complementUnits,
  type FunctionName,
  phiUnits,
  quotientUnits,
  sigmoidUnits,
  softplusUnits,
  unitsAt,
} from '../profiles/functions.ts';
import type { Profile } from '../profiles/profile.ts';
import { causalConvolutionRule } from './causal-convolution.ts';
import { linearScanRule } from './linear-scan.ts';
import { computed, moves, same, signed } from './movement.ts';
import {
  type Bounded,
  errorsOf,
  evaluate,
  haveTerms,
  lengthsOf,
  longest,
  multiplied,
  type Rule,
  settled,
  sizesOf,
} from './operands.ts';
import {
  amplifiedAt,
  amplifiedBy,
  amplifiedIn,
  isOfEach,
  reachOfMoved,
  reachOfProduct,
  reachOfScaled,
} from './reach.ts';
import { type Rounding, roundedTo } from './rounding.ts';
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
    return { x: out, e, terms: null };
  };

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
  return { x: on(x), e: on(e.map((error, i) => (mayWin(x[i]!, i) ? error : 0))), terms: null };
};

const select: Rule = (xs, primitive, params, shape) => {
  const [mask, x, y] = xs.map(({ data }) => data) as [Bounded, Bounded, Bounded];
  const either = (i: number, a: Float64Array, b: Float64Array): number =>
    Math.abs(x.x[i]! - y.x[i]!) + Math.max(a[i]!, b[i]!);
  const chosen = (a: Float64Array, b: Float64Array): Float64Array =>
    mask.x.map((m, i) => {
      if (mask.e[i] !== 0 && !(Math.abs(m) > mask.e[i]!)) return orInfinite(either(i, a, b));
      return m !== 0 ? a[i]! : b[i]!;
    });
  const terms = haveTerms(xs)
    ? { sizes: chosen(sizesOf(x), sizesOf(y)), errors: chosen(errorsOf(x), errorsOf(y)), lengths: longest(xs) }
    : null;
  const e = chosen(x.e, y.e);
  const larger = (part: (of: Bounded) => Float64Array): Float64Array => {
    const other = part(y);
    return part(x).map((value, i) => Math.max(value, other[i]!));
  };
  return { x: evaluate(xs, primitive, params, shape), e, terms, reach: reachOfMoved(xs.slice(1), larger) };
};

/** Replaces NaN, from ∞ − ∞ or 0 · ∞, by ∞. */
const orInfinite = (bound: number): number => (Number.isNaN(bound) ? infinite : bound);

/** `e^{x+e} − e^x`, the larger side of the error of exp. For a large error it is less than `e^{x+e}`, where x + e is rounded up. */
const rise = (x: number, e: number): number =>
  e < 1 ? Math.max(Math.exp(x), least) * Math.expm1(e) : Math.exp(x + e + 2 ** -52 * (Math.abs(x) + e));

const isPowerOfTwo = (x: number): boolean => x === 2 ** Math.round(Math.log2(x));

/** Whether a function is exact at a number: exp and cos at 0, in every library and on every device. */
const isExactAt = (name: string, x: number, e: number): boolean =>
  x === 0 && e === 0 && (name === 'exp' || name === 'cos');

/** Makes the rules for a profile. */
export function boundRules(profile: Profile, rounding: Rounding): { readonly [N in PrimitiveName]: Rule } {
  const { at, functions } = profile;
  const { sum: format } = at;
  const { tiny } = format;
  const { error, within, withRounding, unit } = rounding;
  const ofEach = isOfEach(profile);

  /**
   * Makes the rule of an elementwise function f: `spread(x, e, y)` bounds |f(x ± e) − y| for y = f(x) and e > 0 finite. `units` is the
   * number of roundings at an argument.
   */
  const each =
    (spread: (x: number, e: number, y: number) => number, units: (x: number) => number, absolute = 0): Rule =>
    (xs, primitive, params, shape) => {
      const { x, e } = xs[0]!.data;
      const out = evaluate(xs, primitive, params, shape);
      const bound = (y: number, i: number): number => {
        // the image of an exact infinity is exact; where the bound of the operand is ∞, so is that of the result
        if (!Number.isFinite(x[i]!) || e[i] === infinite) return e[i]!;
        if (isExactAt(primitive.name, x[i]!, e[i]!)) return 0;
        return withRounding(y, absolute + (e[i] === 0 ? 0 : spread(x[i]!, e[i]!, y)), units(x[i]!));
      };
      const bounds = zeros(out.length);
      for (let i = 0; i < out.length; i++) bounds[i] = bound(out[i]!, i);
      return { x: out, e: bounds, terms: null };
    };

  /** Makes the rule of a function in the table of accuracies. */
  const listed = (name: FunctionName, spread: (x: number, e: number, y: number) => number): Rule =>
    each(spread, (x) => unitsAt(functions[name], Math.abs(x)), functions[name].absolute);

  /** Sigmoid. `|σ''| ≤ σ' = σ(1 − σ)` bounds the growth of the slope by e^e, and the slope is less than that of exp. */
  const sigmoid: Rule = (xs, primitive, params, shape) => {
    const { byDifference } = params as SigmoidParams;
    const rule = each(
      (x, e, y) => Math.min(1, rise(x, e), Math.max(y, least) * (1 - y + 2 ** -53) * e * Math.exp(e)),
      (x) => sigmoidUnits(functions, x),
    );
    const product = rule(xs, primitive, params, shape);
    if (byDifference !== 'result') return product;
    // a difference may lose all digits: its error is no longer a few roundings of the result, but remains one of 1
    const { x } = xs[0]!.data;
    const lost = (i: number): number =>
      Number.isFinite(x[i]!) ? complementUnits(functions, x[i]!, at.sum.u) - sigmoidUnits(functions, x[i]!) : 0;
    return { ...product, e: product.e.map((e, i) => e + (1 + 2 ** -10) * lost(i) * unit * product.x[i]!) };
  };

  /**
   * Sum. It rounds nothing where a summand is an exact 0, or infinite. `e` is the error of one addition. If the terms are added in any
   * order, those of one summand pass one rounding for each term of the other.
   */
  const add: Rule = (xs, primitive, params, shape) => {
    const [a, b] = [xs[0]!.data, xs[1]!.data];
    const x = evaluate(xs, primitive, params, shape);
    const [sa, sb, ea, eb] = [sizesOf(a), sizesOf(b), errorsOf(a), errorsOf(b)];
    const [la, lb] = [lengthsOf(a), lengthsOf(b)];
    const [sizes, errors] = [zeros(x.length), zeros(x.length)];
    const e = haveTerms(xs) ? errors : zeros(x.length);
    // the terms of one summand are added to the other, one by one
    const joined = {
      count: la.count + lb.count,
      depth: Math.max(la.depth + lb.count, lb.depth + la.count),
    };
    let lengths = longest(xs);
    for (let i = 0; i < x.length; i++) {
      if (sa[i] === 0) {
        sizes[i] = sb[i]!;
        errors[i] = eb[i]!;
        if (e !== errors) e[i] = b.e[i]!;
      } else if (sb[i] === 0) {
        sizes[i] = sa[i]!;
        errors[i] = ea[i]!;
        if (e !== errors) e[i] = a.e[i]!;
      } else if (ea[i]! + eb[i]! < infinite && !(Number.isFinite(a.x[i]!) && Number.isFinite(b.x[i]!))) {
        sizes[i] = sa[i]! + sb[i]!;
      } else {
        lengths = joined;
        const size = sa[i]! + sb[i]!;
        const propagated = ea[i]! + eb[i]!;
        errors[i] = within(size, propagated + error(lb.depth * sa[i]! + la.depth * sb[i]!, 1, 1));
        sizes[i] = size + errors[i]!;
        // equal numbers cancel exactly
        if (e !== errors) e[i] = withRounding(x[i]!, propagated, x[i] === 0 && propagated === 0 ? 0 : 1);
      }
    }
    return { x, e, terms: { sizes, errors, lengths } };
  };

  /**
   * Product: `(x + e_x)(y + e_y) − x y`, and one rounding. Exact factors 0, 1 and −1 round nothing. A factor that is a sum counts with
   * the size of its terms, because an implementation may multiply the terms; a square counts as the square of the number.
   */
  const mul: Rule = (xs, primitive, params, shape) => {
    const isSquare = xs[0]!.data.x === xs[1]!.data.x;
    const a = isSquare ? settled(xs[0]!.data) : xs[0]!.data;
    const b = isSquare ? settled(xs[1]!.data) : xs[1]!.data;
    const x = evaluate(xs, primitive, params, shape);
    const [ea, eb] = [errorsOf(a), errorsOf(b)];
    const [sizesOfA, sizesOfB] = [a.terms?.sizes ?? null, b.terms?.sizes ?? null];
    const isSum = a.terms !== null || b.terms !== null;
    const amplified = isSquare ? 1 : amplifiedBy(xs, primitive, params, shape);
    const e = zeros(x.length);
    const sizes = isSum ? zeros(x.length) : e;
    for (let i = 0; i < x.length; i++) {
      // one by one: this loop takes most of the time, and engines do not always remove the arrays of joint declarations
      const u = a.x[i]!;
      const v = b.x[i]!;
      const eu = ea[i]!;
      const ev = eb[i]!;
      const su = sizesOfA === null ? Math.abs(u) : sizesOfA[i]!;
      const sv = sizesOfB === null ? Math.abs(v) : sizesOfB[i]!;
      if (!(Number.isFinite(u) && Number.isFinite(v))) {
        e[i] = eu + ev === 0 ? 0 : infinite;
        if (isSum) sizes[i] = Math.abs(x[i]!);
      } else if (eu + ev === infinite) {
        e[i] = infinite;
        if (isSum) sizes[i] = infinite;
      } else if ((su !== 0 || eu !== 0) && (sv !== 0 || ev !== 0)) {
        const isSign = (su === 1 && eu === 0) || (sv === 1 && ev === 0);
        const propagated = su * ev + eu * (sv + ev);
        e[i] = withRounding(isSum ? su * sv : x[i]!, propagated, isSign ? 0 : 1, isSum, amplifiedAt(amplified, i));
        if (isSum) sizes[i] = su * sv + e[i]!;
      }
    }
    const terms = isSum ? { sizes, errors: e, lengths: multiplied(xs) } : null;
    return { x, e, terms, reach: isSquare ? undefined : reachOfProduct(xs, primitive, params, shape, ofEach) };
  };

  /**
   * Quotient: `(e_x + |x/y| e_y) / (|y| − e_y)`, and its roundings. Where division is correctly rounded, a power of two rounds only by underflow. An
   * implementation may divide each term of the dividend.
   */
  const div: Rule = (xs, primitive, params, shape) => {
    const [a, b] = [xs[0]!.data, xs[1]!.data];
    const out = evaluate(xs, primitive, params, shape);
    const quotient = (sizes: Float64Array | null, errors: Float64Array): Float64Array =>
      out.map((z, i) => {
        const x = a.x[i]!;
        const ex = errors[i]!;
        const y = b.x[i]!;
        const ey = b.e[i]!;
        if (!Number.isFinite(x)) return ex + ey === 0 ? 0 : infinite;
        if (!Number.isFinite(y)) return ey === 0 && ex < infinite ? 0 : infinite;
        const room = Math.abs(y) - ey;
        if (!(room > 0) || ex === infinite) return infinite;
        const size = sizes === null ? Math.abs(z) : sizes[i]! / Math.abs(y);
        if (size === 0 && ex === 0 && x === 0) return 0;
        const shifts = ey === 0 && isPowerOfTwo(room) && functions.division.units <= 1;
        const e = withRounding(size, (ex + size * ey) / room, shifts ? 0 : quotientUnits(functions), sizes !== null);
        return shifts && room > 1 && Math.abs(z) - e < tiny ? e + tiny : e;
      });
    const e = quotient(null, a.e);
    if (a.terms === null) return { x: out, e, terms: null };
    const errors = quotient(a.terms.sizes, a.terms.errors);
    const sizes = a.terms.sizes.map((size, i) => size / Math.abs(b.x[i]!) + errors[i]!);
    return { x: out, e, terms: { sizes, errors, lengths: multiplied([xs[0]!]) } };
  };

  /** Product with a literal. Both sides round the literal, if inexact, and the product. A power of two rounds only by underflow. */
  const scale: Rule = (xs, primitive, params, shape) => {
    const by = Math.abs((params as ScaleParams).by);
    if (by === 1) return signed(xs, primitive, params, shape);
    const of = xs[0]!.data;
    const x = evaluate(xs, primitive, params, shape);
    const shifts = by === 0 || (isPowerOfTwo(by) && isExact(format, by));
    const roundings = shifts ? 0 : isExact(format, by) ? 1 : 2;
    const mayUnderflow = (size: number): boolean => shifts && by < 1 && size < tiny;
    const amplified = amplifiedIn(of);
    const reach = reachOfScaled(xs[0]!, by, ofEach);
    const scaled = (sizes: Float64Array | null, errors: Float64Array): Float64Array =>
      errors.map((was, i) => {
        if (!Number.isFinite(of.x[i]!) || was === infinite) return was;
        const size = sizes === null ? Math.abs(x[i]!) : by * sizes[i]!;
        const e = withRounding(size, by * was, roundings, sizes !== null, amplifiedAt(amplified, i));
        return mayUnderflow(Math.abs(x[i]!) - e) && (x[i] !== 0 || e !== 0) ? e + tiny : e;
      });
    if (of.terms === null) return { x, e: scaled(null, of.e), terms: null, reach };
    const errors = scaled(of.terms.sizes, of.terms.errors);
    const sizes = of.terms.sizes.map((size, i) => by * size + errors[i]!);
    return { x, e: scaled(null, of.e), terms: { sizes, errors, lengths: multiplied(xs) }, reach };
  };

  /** Phi. The slope `φ_k' = φ_k − k φ_{k+1} < φ_k` grows with z. The term 2⁻⁴⁸ φ_k covers the cancellation in it. */
  const phiRule: Rule = (xs, primitive, params, shape) => {
    const { order } = params as PhiParams;
    const steepest = (z: number): number => (1 + 2 ** -48) * phi(z, order) - order * phi(z, order + 1);
    return each(
      (z, e) => e * steepest(z + e),
      (z) => phiUnits(functions, z, order),
    )(xs, primitive, params, shape);
  };

  /** Sine or cosine. The slope changes by at most 1 per radian. */
  const circular =
    (name: 'sin' | 'cos', slope: (x: number) => number): Rule =>
    ([angle], primitive, params, shape) => {
      const { x, e } = angle!.data;
      const beyond = (i: number): boolean => Number.isFinite(x[i]) && Math.abs(x[i]!) + e[i]! > functions.angles;
      const reduced = e.map((was, i) => (beyond(i) ? was + angleRoundings * unit * Math.abs(x[i]!) : was));
      const rule = listed(name, (at, by) => Math.min(2, by, (Math.abs(slope(at)) + by / 2) * by));
      return rule([{ ...angle!, data: { x, e: reduced, terms: null } }], primitive, params, shape);
    };

  /** Rounds to the format of the value's role. A value in the format of its computation keeps its terms. */
  const storedRule: Rule = (xs, primitive, params, shape) => {
    const { role } = params as StoredParams;
    if (role === 'value') return computed(xs, primitive, params, shape);
    const rounds = roundedTo(at[role], at.elementwise);
    return rounds === null ? same(xs, primitive, params, shape) : rounds(computed(xs, primitive, params, shape));
  };

  const sums = sumOfProducts(rounding, ofEach);

  return {
    add,
    mul,
    div,
    scale,
    abs: (xs, primitive, params, shape) => settled(signed(xs, primitive, params, shape)),
    stopGradient: same,
    site: computed,
    stored: storedRule,
    reshape: same,
    // an error can turn 0 into ±1, or −1 into 1
    sign: each(
      (x, e) => (Math.abs(x) > e ? 0 : x === 0 ? 1 : 2),
      () => 0,
    ),
    equal: pairwise((x, ex, y, ey) => (ex + ey === 0 || apart(x, ex, y, ey) ? 0 : 1)),
    maximum: extremum,
    minimum: extremum,
    exp: listed('exp', rise),
    expm1: each(rise, (x) => unitsAt(functions.expm1, Math.max(0, x)), functions.expm1.absolute),
    sin: circular('sin', Math.cos),
    cos: circular('cos', Math.sin),
    // log x − log(x − e), the larger of the two sides
    log: each(
      (x, e) => (e < x ? -Math.log1p(-e / x) : infinite),
      () => functions.log.units,
      functions.log.absolute,
    ),
    sigmoid,
    // the slope σ grows with x
    softplus: each(
      (x, e) => e / (1 + Math.exp(-x - e)),
      (x) => softplusUnits(functions, x),
    ),
    phi: phiRule,
    // the slope 2/√π e^{−x²} is steepest nearest to 0
    erf: listed('erf', (x, e) => {
      const steepest = Math.max(0, Math.abs(x) - e);
      return Math.min(2, (2 / Math.sqrt(Math.PI)) * Math.exp(-steepest * steepest) * e);
    }),
    erfc: listed('erfc', (x, e) => {
      const steepest = Math.max(0, Math.abs(x) - e);
      return Math.min(2, (2 / Math.sqrt(Math.PI)) * Math.max(Math.exp(-steepest * steepest), least) * e);
    }),
    // (x − e)^{−1/2} − x^{−1/2}
    rsqrt: listed('rsqrt', (x, e, y) => (e < x ? y * Math.expm1(-0.5 * Math.log1p(-e / x)) : infinite)),
    // 1/(|x| − e) − 1/|x|
    reciprocal: listed('reciprocal', (x, e, y) => {
      const room = Math.abs(x) - e;
      return room > 0 ? (Math.abs(y) * e) / room : infinite;
    }),
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
    causalConvolution: causalConvolutionRule(functions, rounding, sums),
    linearScan: linearScanRule(profile, rounding),
    scatterAdd: sums,
  };
}
