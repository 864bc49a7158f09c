/** @file Adds products in several orders, with every intermediate result rounded. */
import type { Rng } from '../../tensor/random.ts';

/** The arithmetic of one operation: rounding, fused multiply-add or not, the order of sums, and random numbers. */
export interface Arithmetic {
  round(x: number): number;
  readonly fused: boolean;
  readonly order: Order;
  readonly random: Rng;
}

/** Orders in which summands are added. */
export const orders = ['sequential', 'reversed', 'permuted', 'tree', 'blocked'] as const;
export type Order = (typeof orders)[number];

/** Summands of each element of a result: products of two numbers, not yet rounded. */
export interface Summands {
  /** The most summands of an element. */
  readonly most: number;
  /** Writes the factors of the i-th element's summands from position 0 on. Returns how many there are. */
  list(i: number, a: Float64Array, b: Float64Array): number;
}

/** Computes `size` elements, each by adding its summands in the order of the arithmetic. An empty sum is 0. */
export function addUp(size: number, { most, list }: Summands, arithmetic: Arithmetic): Float64Array {
  const [a, b] = [new Float64Array(most), new Float64Array(most)];
  const sum = sums[arithmetic.order];
  const out = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const count = list(i, a, b);
    out[i] = count === 0 ? 0 : sum(a, b, count, arithmetic);
  }
  return out;
}

/** Adds the first `count` products of `a` and `b`. */
type Sum = (a: Float64Array, b: Float64Array, count: number, arithmetic: Arithmetic) => number;

const sums: { readonly [O in Order]: Sum } = {
  sequential: (a, b, count, arithmetic) => sequential(a, b, 0, count, arithmetic),
  reversed(a, b, count, { round, fused }) {
    let total = round(a[count - 1]! * b[count - 1]!);
    for (let i = count - 2; i >= 0; i--) total = accumulated(total, a[i]! * b[i]!, round, fused);
    return total;
  },
  permuted(a, b, count, arithmetic) {
    for (let i = count - 1; i > 0; i--) {
      const j = arithmetic.random.integer(i + 1);
      exchange(a, i, j);
      exchange(b, i, j);
    }
    return sequential(a, b, 0, count, arithmetic);
  },
  tree: (a, b, count, arithmetic) => tree(a, b, 0, count, arithmetic),
  /** Adds blocks of a random length, from the last block to the first. */
  blocked(a, b, count, arithmetic) {
    const length = 1 + arithmetic.random.integer(count);
    const last = count - (count % length || length);
    let total = sequential(a, b, last, count, arithmetic);
    for (let start = last - length; start >= 0; start -= length) {
      total = arithmetic.round(total + sequential(a, b, start, start + length, arithmetic));
    }
    return total;
  },
};

/** `total + product`: one rounding if fused, else one of the product and one of the sum. Products of two f32 are exact in f64. */
const accumulated = (total: number, product: number, round: Arithmetic['round'], fused: boolean): number =>
  round(total + (fused ? product : round(product)));

function sequential(a: Float64Array, b: Float64Array, start: number, stop: number, arithmetic: Arithmetic): number {
  const { round, fused } = arithmetic;
  let total = round(a[start]! * b[start]!);
  for (let i = start + 1; i < stop; i++) total = accumulated(total, a[i]! * b[i]!, round, fused);
  return total;
}

function tree(a: Float64Array, b: Float64Array, start: number, stop: number, arithmetic: Arithmetic): number {
  const { round, fused } = arithmetic;
  if (stop - start === 1) return round(a[start]! * b[start]!);
  const middle = Math.ceil((start + stop) / 2);
  const left = tree(a, b, start, middle, arithmetic);
  if (stop - middle === 1) return accumulated(left, a[middle]! * b[middle]!, round, fused);
  return round(left + tree(a, b, middle, stop, arithmetic));
}

function exchange(list: Float64Array, i: number, j: number): void {
  const kept = list[i]!;
  list[i] = list[j]!;
  list[j] = kept;
}
