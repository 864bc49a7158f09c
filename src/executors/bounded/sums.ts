/** @file Bounds of sums of products, summed in any order. */

import { evaluate, type Operands, type Rule } from './operands.ts';
import type { Rounding } from './rounding.ts';

/**
 * A rule for a sum of products of one number from each real operand: what the operands' errors do in every combination, and the
 * roundings of k summands that are not exactly 0: k − 1 additions, and the multiplications of one summand. An addition of an exact 0
 * rounds nothing, and a fused multiplication only less.
 */
export function sumOfProducts({ error, within }: Rounding): Rule {
  return (xs, primitive, params, shape) => {
    const on = (data: readonly Float64Array[]): Float64Array => evaluate(xs, primitive, params, shape, data);
    const ofReal = (f: (x: number, e: number) => number): Float64Array[] =>
      xs.map(({ kind, data: { x, e } }) => (kind === 'index' ? x : x.map((value, i) => f(value, e[i]!))));
    const sizes = ofReal((x) => Math.abs(x));
    const grown = ofReal((x, e) => Math.abs(x) + e);
    const total = on(grown);
    const summands = on(ofReal((x, e) => (x === 0 && e === 0 ? 0 : 1)));
    const moved = movedBy(xs, sizes, grown, on);
    const products = xs.filter(({ kind }) => kind === 'real').length - 1;
    // of three factors and more, the product of some can underflow or overflow where the whole does neither
    const partial = products < 2 ? null : on(grown.map((operand) => operand.map((size) => Math.max(1, size))));
    const bound = (size: number, i: number): number => {
      const k = summands[i]!;
      const underflows = partial === null ? k * products + k - 1 : 2 * (products + 1) * partial[i]!;
      return k === 0 ? within(size, 0) : within(size, moved(i) + error(size, k - 1 + products, underflows));
    };
    return {
      x: on(xs.map(({ data }) => data.x)),
      // 0 · (10³⁰ · 10³⁰) is 0 or NaN
      e: total.map((size, i) => (partial === null ? 0 : within(partial[i]!, 0)) + bound(size, i)),
    };
  };
}

/** `Π(a_i + e_i) − Π a_i`, telescoped into one sum of products per inexact operand, so that nothing cancels. */
function movedBy(
  xs: Operands,
  sizes: readonly Float64Array[],
  grown: readonly Float64Array[],
  on: (data: readonly Float64Array[]) => Float64Array,
): (i: number) => number {
  const parts = xs.flatMap((x, i) => {
    if (x.kind === 'index' || x.data.e.every((error) => error === 0)) return [];
    return [on(xs.map((other, j) => (j < i ? grown[j]! : j > i ? sizes[j]! : other.data.e)))];
  });
  return (i) => parts.reduce((sum, part) => sum + part[i]!, 0);
}
