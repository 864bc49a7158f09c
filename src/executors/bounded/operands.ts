/** @file Defines operands with error bounds, and evaluates primitives on their numbers. */
import type { Primitive } from '../../tensor/primitive.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { zeros } from '../f64/allocate.ts';
import { f64 } from '../f64/index.ts';

/**
 * Numbers `x`, and the bound `e` on the error of each. The bound of an infinite number or NaN is 0 or ∞. `terms` is set while each
 * number is a sum of products of other numbers, and an implementation may add these terms in another order to those of a later sum.
 */
export interface Bounded {
  readonly x: Float64Array;
  readonly e: Float64Array;
  readonly terms: Terms | null;
  /** What multiplies the loss of a partial product by underflow. Absent if the numbers are no products. */
  readonly reach?: Reach | undefined;
}

/** The factors of the terms of each number: sums over the terms, 0 where a number is exactly 0. */
export interface Factors {
  /** The product of the factors above 1. */
  readonly whole: Float64Array;
  /** The largest product of the same without one of the factors: a partial product that underflows has at least one of them. */
  readonly rest: Float64Array;
}

/**
 * Of products of other numbers: the largest product of their factors above 1; or the factors of each number, computed if needed. A sum
 * begins anew, as products over many additions would reach any size.
 */
export type Reach = number | (() => Factors);

/** How long the sums are. */
export interface Lengths {
  /** The largest number of terms that are added after the last product. */
  readonly count: number;
  /** The largest number of terms in a chain of sums and products, as of a state that is multiplied and added to at each token. */
  readonly depth: number;
}

/** The terms of sums. */
export interface Terms {
  /** `Σ |term|` of each number, errors included: at least |x| + e. */
  readonly sizes: Float64Array;
  /** The bound on the error of each number if its terms are added in any order, among others. At least `e`. */
  readonly errors: Float64Array;
  readonly lengths: Lengths;
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
  data?: readonly Float64Array[],
): Float64Array {
  const operands = new Array<Value<Float64Array>>(xs.length);
  for (let i = 0; i < xs.length; i++) {
    const { shape: own, kind, data: of } = xs[i]!;
    operands[i] = { shape: own, kind, on: f64, data: data === undefined ? of.x : data[i]! };
  }
  return f64.run(primitive, operands, params, shape);
}

/** The sizes of numbers, without their errors. */
export function absolute(x: Float64Array): Float64Array {
  const sizes = zeros(x.length);
  for (let i = 0; i < sizes.length; i++) sizes[i] = Math.abs(x[i]!);
  return sizes;
}

/** The sizes of the terms; for a number that is no sum, of the number and its error. */
export function sizesOf({ x, e, terms }: Bounded): Float64Array {
  if (terms !== null) return terms.sizes;
  const sizes = zeros(x.length);
  for (let i = 0; i < sizes.length; i++) sizes[i] = Math.abs(x[i]!) + e[i]!;
  return sizes;
}

/** The bounds on the errors if terms may be added in any order, among others. */
export const errorsOf = ({ e, terms }: Bounded): Float64Array => terms?.errors ?? e;

/**
 * How often the terms of a sum are rounded as they are added: one by one in some order, or with a compensation for each rounding (Kahan),
 * which errs by two roundings however many terms there are, and however few.
 */
export const additions = (terms: number): number => (terms < 2 ? 0 : Math.max(2, terms - 1));

const single: Lengths = { count: 1, depth: 1 };

/** The lengths; 1 for a number that is no sum. */
export const lengthsOf = ({ terms }: Bounded): Lengths => terms?.lengths ?? single;

/** Whether any operand is a sum. */
export function haveTerms(xs: Operands): boolean {
  for (let i = 0; i < xs.length; i++) if (xs[i]!.data.terms !== null) return true;
  return false;
}

/** The largest lengths of the operands. */
export function longest(xs: Operands): Lengths {
  if (!haveTerms(xs)) return single;
  let [count, depth] = [1, 1];
  for (let i = 0; i < xs.length; i++) {
    const own = lengthsOf(xs[i]!.data);
    count = Math.max(count, own.count);
    depth = Math.max(depth, own.depth);
  }
  return { count, depth };
}

/** The largest lengths of the products of the operands. */
export const multiplied = (xs: Operands): Lengths => ({ count: 1, depth: longest(xs).depth });

/** A value whose terms no implementation adds to others: it computes the numbers themselves. */
export const settled = (of: Bounded): Bounded =>
  of.terms === null && of.reach === undefined ? of : { x: of.x, e: of.e, terms: null };
