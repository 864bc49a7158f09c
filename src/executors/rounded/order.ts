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

/** A summand: the product of two numbers, not yet rounded. */
export type Summand = readonly [number, number];

/** Adds products in the given order. An empty sum is 0. */
export function addUp(summands: Summand[], arithmetic: Arithmetic): number {
  if (summands.length === 0) return 0;
  switch (arithmetic.order) {
    case 'sequential':
      return sequential(summands, arithmetic);
    case 'reversed':
      return sequential(summands.reverse(), arithmetic);
    case 'permuted':
      return sequential(shuffled(summands, arithmetic.random), arithmetic);
    case 'tree':
      return tree(summands, 0, summands.length, arithmetic);
    case 'blocked':
      return blocked(summands, arithmetic);
  }
}

/** `total + a b`: one rounding if fused, else one of the product and one of the sum. Products of two f32 are exact in f64. */
const accumulate = (total: number, [a, b]: Summand, { round, fused }: Arithmetic): number =>
  fused ? round(total + a * b) : round(total + round(a * b));

function sequential(summands: readonly Summand[], arithmetic: Arithmetic): number {
  const [a, b] = summands[0]!;
  let total = arithmetic.round(a * b);
  for (let i = 1; i < summands.length; i++) total = accumulate(total, summands[i]!, arithmetic);
  return total;
}

function tree(summands: readonly Summand[], start: number, stop: number, arithmetic: Arithmetic): number {
  if (stop - start === 1) return sequential([summands[start]!], arithmetic);
  const middle = Math.ceil((start + stop) / 2);
  const left = tree(summands, start, middle, arithmetic);
  if (stop - middle === 1) return accumulate(left, summands[middle]!, arithmetic);
  return arithmetic.round(left + tree(summands, middle, stop, arithmetic));
}

/** Adds blocks of a random length, from the last block to the first. */
function blocked(summands: readonly Summand[], arithmetic: Arithmetic): number {
  const length = 1 + arithmetic.random.integer(summands.length);
  let total: number | null = null;
  for (let start = summands.length - (summands.length % length || length); start >= 0; start -= length) {
    const part = sequential(summands.slice(start, start + length), arithmetic);
    total = total === null ? part : arithmetic.round(total + part);
  }
  return total!;
}

function shuffled<T>(list: T[], random: Rng): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}
