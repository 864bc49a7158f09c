/** @file Bounds what multiplies the loss of an underflow, where an implementation multiplies the factors of a product in another order. */
import { once } from '../../tensor/once.ts';
import type { Primitive } from '../../tensor/primitive.ts';
import type { Shape } from '../../tensor/shape.ts';
import { zeros } from '../f64/allocate.ts';
import type { Profile } from '../profiles/profile.ts';
import { type Bounded, evaluate, type Factors, type Operands, type Reach } from './operands.ts';

/** What multiplies the loss of an underflow: one number for all, or one for each. */
export type Amplified = number | Float64Array;

/** Returns what multiplies the loss of an underflow in a number. */
export const amplifiedAt = (amplified: Amplified, i: number): number =>
  typeof amplified === 'number' ? amplified : amplified[i]!;

/**
 * Whether the reach is of each number. Where operands of products lose more by underflow than sums do, the largest factors of a tensor
 * would make bounds useless.
 */
export const isOfEach = ({ at, scalesOperands }: Profile): boolean =>
  scalesOperands === true && at.product.tiny > at.sum.tiny;

/** The reach of one number for all; of numbers that are no products, the largest finite one, at least 1. */
function largestOf({ x, reach }: Bounded): number {
  if (typeof reach === 'number') return reach;
  let largest = 1;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]!);
    if (size > largest && size < Number.POSITIVE_INFINITY) largest = size;
  }
  return largest;
}

/** The factors of each number; of numbers that are no products, themselves. */
export function factorsOf({ x, e, reach }: Bounded): Factors {
  if (typeof reach === 'function') return reach();
  const [whole, rest] = [zeros(x.length), zeros(x.length)];
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]!) + e[i]!;
    if (size === 0) continue;
    whole[i] = size > 1 && size < Number.POSITIVE_INFINITY ? size : 1;
    rest[i] = 1;
  }
  return { whole, rest };
}

const isReal = ({ kind }: Operands[number]): boolean => kind === 'real';

/** Evaluates a primitive on arrays in the place of its operands. */
type On = (data: readonly Float64Array[]) => Float64Array;

const onArrays =
  (xs: Operands, primitive: Primitive, params: unknown, shape: Shape): On =>
  (data) =>
    evaluate(xs, primitive, params, shape, data);

/** Evaluates a primitive on an array of each operand; an index stays. */
const onPart = (xs: Operands, on: On, part: (of: Bounded, at: number) => Float64Array): Float64Array =>
  on(xs.map((x, at) => (isReal(x) ? part(x.data, at) : x.data.x)));

/** The reach of a primitive that multiplies elements of its operands, and may add the products. */
export function reachOfProduct(
  xs: Operands,
  primitive: Primitive,
  params: unknown,
  shape: Shape,
  ofEach: boolean,
): Reach {
  if (!ofEach) return xs.reduce((product, x) => (isReal(x) ? product * largestOf(x.data) : product), 1);
  const on = onArrays(xs, primitive, params, shape);
  const join = primitive.name === 'mul' ? Math.max : (a: number, b: number): number => a + b;
  return once(() => {
    const all = xs.map(({ data }) => factorsOf(data));
    const withoutOne = xs.flatMap((x, j) =>
      isReal(x) ? [onPart(xs, on, (_, at) => (at === j ? all[at]!.rest : all[at]!.whole))] : [],
    );
    return {
      whole: onPart(xs, on, (_, at) => all[at]!.whole),
      rest: withoutOne.reduce((joined, one) => joined.map((value, i) => join(value, one[i]!))),
    };
  });
}

/** The reach of products with a literal of a size. */
export function reachOfScaled({ data }: Operands[number], by: number, ofEach: boolean): Reach {
  const factor = Math.max(1, by);
  if (!ofEach) return factor * largestOf(data);
  if (factor === 1 && data.reach !== undefined) return data.reach;
  return once(() => {
    const { whole, rest } = factorsOf(data);
    return { whole: whole.map((value) => factor * value), rest: rest.map((value) => factor * value) };
  });
}

/** The reach of elements of the operands, moved as `moved` moves arrays of them; undefined if no operand is a product. */
export function reachOfMoved(
  xs: Operands,
  moved: (part: (of: Bounded) => Float64Array) => Float64Array,
): Reach | undefined {
  const reaches = xs.filter(isReal).map(({ data }) => data);
  if (reaches.every(({ reach }) => reach === undefined)) return undefined;
  if (reaches.every(({ reach }) => typeof reach !== 'function')) return Math.max(...reaches.map(largestOf));
  return once(() => ({ whole: moved((of) => factorsOf(of).whole), rest: moved((of) => factorsOf(of).rest) }));
}

/** What the loss of an underflow in a number is multiplied by at most, if other factors than its own multiply it in part. */
export const amplifiedIn = ({ reach }: Bounded): Amplified =>
  typeof reach === 'function' ? reach().rest : (reach ?? 1);

/** What the loss of an underflow in a product of the operands is multiplied by at most: the factors of operands that are products. */
export function amplifiedBy(xs: Operands, primitive: Primitive, params: unknown, shape: Shape): Amplified {
  let product = 1;
  for (const { kind, data } of xs) {
    if (kind !== 'real' || data.reach === undefined) continue;
    if (typeof data.reach === 'number') product *= data.reach;
    else return onPart(xs, onArrays(xs, primitive, params, shape), (of) => factorsOf(of).rest);
  }
  return product;
}
