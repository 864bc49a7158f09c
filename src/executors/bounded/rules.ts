/** @file What each primitive does to error bounds. `e` is a bound on |implementation − f64 number|, elementwise. */
import type { Primitive } from '../../tensor/primitive.ts';
import type { EinsumParams } from '../../tensor/primitives/einsum.ts';
import { type PrimitiveName, primitives } from '../../tensor/primitives/index.ts';
import type { ScaleParams } from '../../tensor/primitives/scale.ts';
import type { SumParams } from '../../tensor/primitives/sum.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { f64 } from '../f64/index.ts';
import type { Precision } from './index.ts';

/** A number and a bound on the error of it, elementwise. */
export interface Bounded {
  readonly x: Float64Array;
  readonly e: Float64Array;
}

type Operands = readonly Value<Bounded>[];
type Rule = (xs: Operands, primitive: Primitive, params: unknown, shape: Shape) => Bounded;

const onF64 = (data: Float64Array, shape: Shape, kind: Value['kind'] = 'real'): Value<Float64Array> => ({
  shape,
  kind,
  on: f64,
  data,
});

/** A primitive on plain numbers: on the operands' own, or on others in their place. */
function evaluate(
  xs: Operands,
  primitive: Primitive,
  params: unknown,
  shape: Shape,
  data: readonly Float64Array[] = xs.map((x) => x.data.x),
): Float64Array {
  const operands = xs.map((x, i) => onF64(data[i]!, x.shape, x.kind));
  return f64.run(primitive, operands, params, shape);
}

/** The rules for one precision. */
export function boundRules({ u, tiny, functions }: Precision): { readonly [N in PrimitiveName]: Rule } {
  // one rounding of the implementation and one of the f64 reference; the last factor covers the bound's own arithmetic
  const unit = (u + 2 ** -53) * (1 + 2 ** -20);
  /** What `count` roundings of a result of at most this size can do: γ_n of Higham. */
  const rounding = (size: number, count = 1): number => ((count * unit) / (1 - count * unit)) * size + count * tiny;

  /** A rule for a function of each element: `spread(x, e, y)` is how far y = f(x) can move when x moves by e. */
  const each =
    (spread: (x: number, e: number, y: number) => number, roundings: number): Rule =>
    (xs, primitive, params, shape) => {
      const { x, e } = xs[0]!.data;
      const y = evaluate(xs, primitive, params, shape);
      return {
        x: y,
        e: y.map((out, i) => {
          const moved = e[i] === 0 ? 0 : spread(x[i]!, e[i]!, out);
          return moved + (roundings === 0 ? 0 : rounding(Math.abs(out) + moved, roundings));
        }),
      };
    };

  /** A rule for a function of pairs of elements. */
  const pairwise =
    (bound: (x: number, ex: number, y: number, ey: number, out: number) => number): Rule =>
    (xs, primitive, params, shape) => {
      const [a, b] = [xs[0]!.data, xs[1]!.data];
      const out = evaluate(xs, primitive, params, shape);
      return { x: out, e: out.map((z, i) => bound(a.x[i]!, a.e[i]!, b.x[i]!, b.e[i]!, z)) };
    };

  /** A rule for a primitive that only moves numbers: the bounds move along. */
  const moves: Rule = (xs, primitive, params, shape) => ({
    x: evaluate(xs, primitive, params, shape),
    e: evaluate(
      xs,
      primitive,
      params,
      shape,
      xs.map((x) => (x.kind === 'index' ? x.data.x : x.data.e)),
    ),
  });

  /** A rule for a sum of products: what the operands' errors do in every combination, and `count` roundings of the sizes' sum. */
  const sumOfProducts =
    (countOf: (xs: Operands, params: unknown, shape: Shape) => (i: number) => number): Rule =>
    (xs, primitive, params, shape) => {
      const sizes = xs.map((x) => (x.kind === 'index' ? x.data.x : x.data.x.map(Math.abs)));
      const grown = xs.map((x, i) => (x.kind === 'index' ? x.data.x : sizes[i]!.map((size, j) => size + x.data.e[j]!)));
      // Π(a_i + e_i) − Π a_i, telescoped so that nothing cancels
      const moved = xs.flatMap((x, i) => {
        if (x.kind === 'index' || x.data.e.every((error) => error === 0)) return [];
        const mixed = xs.map((other, j) => (j < i ? grown[j]! : j > i ? sizes[j]! : other.data.e));
        return [evaluate(xs, primitive, params, shape, mixed)];
      });
      const total = evaluate(xs, primitive, params, shape, grown);
      const count = countOf(xs, params, shape);
      return {
        x: evaluate(xs, primitive, params, shape),
        e: total.map((size, i) => moved.reduce((sum, part) => sum + part[i]!, rounding(size, count(i)))),
      };
    };

  const unchanged = each((_x, e) => e, 0);
  const extremum = pairwise((x, ex, y, ey, out) =>
    Math.abs(x - y) > ex + ey ? (out === x ? ex : ey) : Math.max(ex, ey),
  );

  return {
    add: pairwise(
      (_x, ex, _y, ey, out) => ex + ey + (out === 0 && ex + ey === 0 ? 0 : rounding(Math.abs(out) + ex + ey)),
    ),
    mul: pairwise((x, ex, y, ey, out) => {
      const moved = Math.abs(x) * ey + ex * (Math.abs(y) + ey);
      return moved + rounding(Math.abs(out) + moved);
    }),
    // the factor is a literal, rounded once, and the product another time
    scale: (xs, primitive, params, shape) => {
      const by = Math.abs((params as ScaleParams).by);
      const exact = Number.isInteger(Math.log2(by)) || by === 0;
      return each((_x, e) => by * e, exact ? 0 : 2)(xs, primitive, params, shape);
    },
    abs: unchanged,
    stopGradient: unchanged,
    site: unchanged,
    reshape: unchanged,
    sign: each((x, e) => (Math.abs(x) > e ? 0 : 2), 0),
    equal: pairwise((x, ex, y, ey) => (ex + ey === 0 || Math.abs(x - y) > ex + ey ? 0 : 1)),
    maximum: extremum,
    minimum: extremum,
    exp: each((_x, e, y) => y * Math.expm1(e), functions),
    log: each((x, e) => (e < x ? -Math.log1p(-e / x) : Number.POSITIVE_INFINITY), functions),
    // |σ''| ≤ σ' bounds the growth of the slope by e^e
    sigmoid: each((_x, e, y) => Math.min(1, y * (1 - y + 2 ** -53) * e * Math.exp(e)), 2 * functions),
    erf: each((x, e) => {
      const steepest = Math.max(0, Math.abs(x) - e);
      return Math.min(2, (2 / Math.sqrt(Math.PI)) * Math.exp(-steepest * steepest) * e);
    }, functions),
    rsqrt: each((x, e, y) => (e < x ? y * Math.expm1(-0.5 * Math.log1p(-e / x)) : Number.POSITIVE_INFINITY), functions),
    reciprocal: each((x, e, y) => {
      const room = Math.abs(x) - e;
      return room > 0 ? (Math.abs(y) * e) / room : Number.POSITIVE_INFINITY;
    }, 2),
    select: (xs, primitive, params, shape) => {
      const [mask, x, y] = xs.map(({ data }) => data) as [Bounded, Bounded, Bounded];
      return {
        x: evaluate(xs, primitive, params, shape),
        e: mask.x.map((m, i) => {
          const certain = mask.e[i] === 0 || Math.abs(m) > mask.e[i]!;
          if (certain) return m !== 0 ? x.e[i]! : y.e[i]!;
          return Math.abs(x.x[i]! - y.x[i]!) + x.e[i]! + y.e[i]!;
        }),
      };
    },
    broadcast: moves,
    transpose: moves,
    slice: moves,
    pad: moves,
    concat: moves,
    gather: moves,
    maxReduce: moves,
    sum: sumOfProducts(([x], params) => {
      const { axes } = params as SumParams;
      const count = sizeOf(axes.map((axis) => x!.shape[axis]!));
      return () => Math.max(0, count - 1);
    }),
    einsum: sumOfProducts((xs, params, shape) => {
      const { terms } = params as EinsumParams;
      const lengths = new Map(terms.flatMap((term, i) => [...term].map((index, axis) => [index, xs[i]!.shape[axis]!])));
      const all = sizeOf([...lengths.values()]);
      const length = all === 0 ? 0 : all / sizeOf(shape);
      return () => (length === 0 ? 0 : length - 1 + terms.length - 1);
    }),
    // as many summands as indices point at the row
    scatterAdd: sumOfProducts((xs, params, shape) => {
      const ones = new Float64Array(xs[0]!.data.x.length).fill(1);
      const hits = evaluate(xs, primitives.scatterAdd as Primitive, params, shape, [ones, xs[1]!.data.x]);
      return (i) => Math.max(0, hits[i]! - 1);
    }),
  };
}
