/** @file Bounds the rounding errors of sums of products, summed in any order. */

import type { Primitive } from '../../tensor/primitive.ts';
import { type EinsumParams, indexLengths } from '../../tensor/primitives/einsum.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { zeros } from '../f64/allocate.ts';
import {
  absolute,
  additions,
  type Bounded,
  errorsOf,
  evaluate,
  longest,
  multiplied,
  type Operands,
  type Rule,
  settled,
} from './operands.ts';
import { amplifiedBy, reachOfProduct } from './reach.ts';
import type { Rounding } from './rounding.ts';

/**
 * Parts of an operand in the bound: the size of a factor, without and with its error, a mask of elements not exactly 0 (null: all),
 * and the error. The size of a sum is that of its terms. An index is used as it is.
 */
interface Parts {
  readonly sizes: Float64Array;
  readonly grown: Float64Array;
  readonly present: Float64Array | null;
  readonly errors: Float64Array | null;
}

/**
 * Makes the rule for sums of products, with one factor from each real operand. The bound has two parts: the errors of the operands,
 * propagated in every combination, and the roundings. With k summands that are not exactly 0, these are `additions(k)` and the
 * multiplications of one summand. Adding an exact 0 rounds nothing, and fused multiply-add rounds less.
 *
 * A factor that is a sum counts with the size of its terms, because an implementation may multiply the terms and add the products.
 * In a plain sum and a scatter-add each summand counts as all its terms. In an einsum the terms of one summand may be added to the
 * others one by one; those of the rest are added first.
 */
export function sumOfProducts({ error, within }: Rounding, ofEach: boolean): Rule {
  return (operands, primitive, params, shape) => {
    const xs = withSettledSquares(operands);
    const on = (data: readonly Float64Array[]): Float64Array => evaluate(xs, primitive, params, shape, data);
    const parts = partsOf(xs);
    const total = on(parts.map(({ grown }) => grown));
    const summands = summandsOf(xs, parts, primitive, params, shape) ?? on(parts.map(presence));
    const isEinsum = primitive.name === 'einsum';
    const each = longest(xs).count;
    const propagated = propagatedError(parts, on);
    let products = -1;
    for (const { kind } of xs) if (kind === 'real') products++;
    // a partial product of three or more factors can underflow or overflow where the whole product does not
    const partial = products < 2 ? null : on(parts.map(({ grown }) => grown.map((size) => Math.max(1, size))));
    const reach = products === 0 ? undefined : reachOfProduct(xs, primitive, params, shape, ofEach);
    const amplified =
      partial !== null && typeof reach === 'function'
        ? reach().rest
        : products === 0
          ? 1
          : amplifiedBy(xs, primitive, params, shape);
    const underflows = (k: number, i: number): number => {
      if (typeof amplified === 'number')
        return amplified * (partial === null ? k * products + k - 1 : 2 * (products + 1) * partial[i]!);
      return partial === null ? amplified[i]! + k - 1 : 2 * (products + 1) * amplified[i]!;
    };
    const e = zeros(total.length);
    let most = 1;
    for (let i = 0; i < e.length; i++) {
      const size = total[i]!;
      const found = typeof summands === 'number' ? summands : summands[i]!;
      const k = isEinsum ? found + (found > 1 ? each - 1 : 0) : each * found;
      if (k > most) most = k;
      const rounded = k === 0 ? 0 : (propagated?.[i] ?? 0) + error(size, additions(k) + products, underflows(k, i));
      // in f32, 0 · (10³⁰ · 10³⁰) is 0 or NaN, depending on the order of the factors
      e[i] = within(size, rounded) + (partial === null ? 0 : within(partial[i]!, 0));
    }
    return {
      x: on(xs.map(({ data }) => data.x)),
      e,
      terms: termsOf(xs, total, e, most),
      reach,
    };
  };
}

/** The terms of a result; null if it has a single one, a product of numbers that are no sums. */
function termsOf(xs: Operands, total: Float64Array, e: Float64Array, summands: number): Bounded['terms'] {
  // the terms of factors are added before the summands of an einsum are
  const { depth } = longest(xs);
  const lengths = summands > 1 ? { count: summands, depth: additions(summands) + depth } : multiplied(xs);
  if (lengths.depth === 1) return null;
  for (let i = 0; i < total.length; i++) total[i]! += e[i]!;
  return { sizes: total, errors: e, lengths };
}

/** Factors that are the same value form a square, which no implementation multiplies out. */
function withSettledSquares(xs: Operands): Operands {
  if (xs.length === 1) return xs;
  return xs.map((x, i) => {
    const isSquare = xs.some((other, j) => j !== i && other.data.x === x.data.x);
    return isSquare ? { ...x, data: settled(x.data) } : x;
  });
}

/** Returns the parts of the operands. */
const partsOf = (xs: Operands): Parts[] =>
  xs.map(({ kind, data }) => (kind === 'index' ? partsOfIndex(data) : partsOfNumbers(data)));

const partsOfIndex = ({ x }: Bounded): Parts => ({ sizes: x, grown: x, present: x, errors: null });

function partsOfNumbers(of: Bounded): Parts {
  const { x, terms } = of;
  const e = errorsOf(of);
  const sizes = terms === null ? absolute(x) : terms.sizes;
  let [isExact, hasZeros] = [true, false];
  for (let i = 0; i < x.length; i++) {
    if (e[i] !== 0) isExact = false;
    else if (sizes[i] === 0) hasZeros = true;
  }
  const present = hasZeros ? sizes.map((size, i) => (size === 0 && e[i] === 0 ? 0 : 1)) : null;
  if (isExact) return { sizes, grown: sizes, present, errors: null };
  if (terms !== null) return { sizes, grown: sizes, present, errors: e };
  const grown = zeros(x.length);
  for (let i = 0; i < x.length; i++) grown[i] = sizes[i]! + e[i]!;
  return { sizes, grown, present, errors: e };
}

const presence = ({ sizes, present }: Parts): Float64Array => present ?? zeros(sizes.length).fill(1);

/** The number of summands of each result, if the shapes determine it: no factor is exactly 0, and the number is always the same. */
function summandsOf(
  xs: Operands,
  parts: readonly Parts[],
  { name }: Primitive,
  params: unknown,
  shape: Shape,
): number | null {
  if (parts.some(({ present }) => present !== null)) return null;
  if (name === 'sum') return sizeOf(xs[0]!.shape) / sizeOf(shape);
  return name === 'einsum' ? sizeOf(indexLengths(params as EinsumParams, xs)) / sizeOf(shape) : null;
}

/** `Π(a_i + e_i) − Π a_i`, as one sum of products for each inexact operand, so that nothing cancels. Null if it is 0. */
function propagatedError(
  parts: readonly Parts[],
  on: (data: readonly Float64Array[]) => Float64Array,
): Float64Array | null {
  let total: Float64Array | null = null;
  for (const [i, { errors }] of parts.entries()) {
    if (errors === null) continue;
    const part = on(parts.map((other, j) => (j < i ? other.grown : j > i ? other.sizes : errors)));
    if (total !== null) for (let at = 0; at < part.length; at++) part[at]! += total[at]!;
    total = part;
  }
  return total;
}
