/** @file Seeded random numbers. Each caller owns its generator; there is no global one. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { mersenne } from 'pure-rand/generator/mersenne';
import { fail } from './errors.ts';

/** A stream of random numbers: each call takes the next one. */
export interface Rng {
  /** From [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number;
  /** From the standard normal distribution. */
  normal(): number;
  /** An integer from [0, below), all equally likely. Throws unless `below` is an integer from 1 to 2⁵³ − 1. */
  integer(below: number): number;
}

/**
 * A stream of random numbers: equal seeds give equal streams. Throws unless the seed is an integer of 32 bits, signed or not.
 * @example
 * rng(7).uniform() === rng(7).uniform() // true
 */
export function rng(seed: number): Rng {
  if (!Number.isInteger(seed) || seed < -(2 ** 31) || seed >= 2 ** 32) {
    fail(`rng: the seed is ${seed}; a seed is an integer from -2^31 to 2^32 - 1`);
  }
  // no generator of the xorshift family: there neighbouring seeds begin with nearly equal numbers, or differ by fixed bits
  const generator = mersenne(seed);
  const uniform = (): number => uniformFloat64(generator);
  return {
    uniform,
    // Box and Muller; 1 − u is never 0
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer(below) {
      if (!Number.isSafeInteger(below) || below < 1) {
        fail(`rng: an integer below ${below} was asked for; the bound is an integer from 1 to 2^53 - 1`);
      }
      return uniformInt(generator, 0, below - 1);
    },
  };
}
