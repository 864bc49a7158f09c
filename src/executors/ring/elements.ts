/** @file The data of a value on the ring: residues in every field, arguments of logarithms, and doubles beside them. */
import type { Value } from '../../tensor/value.ts';
import { zeros } from '../f64/allocate.ts';
import { primes, type Residues, residuesOf } from './chain.ts';
import { inverse, plus, times } from './field.ts';
import { hashOf } from './hash.ts';

/** An array of residues for each field. */
export type Levels = readonly Float64Array[];

/**
 * Numbers `x + f log e`. A logarithm is kept as its argument, and is exact in sums, integer multiples and exponentials: `exp(x + log e)
 * = e exp(x)`.
 */
export interface Exactly {
  readonly x: Levels;
  /** The arguments e of the logarithms; absent where all are 1. */
  readonly e?: Levels | undefined;
  /** The factor f, 1 if absent. A logarithm to another base has one. */
  readonly factor?: number | undefined;
  /** Whether the numbers are a table, by whose integers a logarithm is multiplied exactly. */
  readonly isTable?: true | undefined;
}

/** Elements, and beside them the numbers of executor f64, which decide comparisons. */
export interface Elements extends Exactly {
  readonly near: Float64Array;
}

/** A value on the ring. */
export type Ring = Value<Elements>;

/** Computes an array for each field. */
export const inEachField = (of: (level: number, p: number) => Float64Array): Levels =>
  primes.map((p, level) => of(level, p));

/** The residues of the i-th number. */
export const at = (levels: Levels, i: number): number[] => levels.map((level) => level[i]!);

/** Computes the residues of `count` numbers, one number after another. */
export function each(count: number, of: (i: number) => Residues): Levels {
  const levels = primes.map(() => zeros(count));
  for (let i = 0; i < count; i++) {
    const own = of(i);
    for (let level = 0; level < levels.length; level++) levels[level]![i] = own[level]!;
  }
  return levels;
}

/** The residues of doubles. */
export function levelsOf(numbers: Float64Array): Levels {
  let last = residuesOf(0);
  return each(numbers.length, (i) => {
    // many numbers of literals are equal
    if (i === 0 || numbers[i] !== numbers[i - 1]) last = residuesOf(numbers[i]!);
    return last;
  });
}

/** Whether all residues are that of one number. */
const areAll = (residues: Residues, number: number): boolean => residues.every((part) => part === number);

/** Whether a number is 0 in every field, and not in one by chance. */
export const isZero = (residues: Residues): boolean => areAll(residues, 0);

/** Replaces each logarithm by a hash of its argument, for operations that have no rule for logarithms. */
export function collapsed({ x, e, factor = 1 }: Exactly): Levels {
  if (e === undefined) return x;
  const factors = residuesOf(factor);
  return each(x[0]!.length, (i) => {
    const own = at(x, i);
    const argument = at(e, i);
    if (areAll(argument, 1)) return own;
    // odd, so that the signs of logarithms may change before or after
    const [hash, opposite] = [argument, argument.map((part, level) => inverse(part, primes[level]!))].map((one) =>
      hashOf('log', one),
    );
    return primes.map((p, level) => {
      const logarithm = plus(hash![level]!, p - opposite![level]!, p);
      return plus(own[level]!, times(factors[level]!, logarithm, p), p);
    });
  });
}

/** Replaces logarithms to other bases. */
export const natural = (elements: Elements): Elements =>
  elements.factor === undefined ? elements : { x: collapsed(elements), near: elements.near };

/** The arguments of logarithms, also where they are all 1. */
export const argumentsOf = ({ x, e }: Exactly): Levels => e ?? x.map((level) => zeros(level.length).fill(1));
