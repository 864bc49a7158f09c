/** @file Draws seeded random numbers. Each caller has its own generator; there is no global one. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { mersenne } from 'pure-rand/generator/mersenne';
import { fail } from './errors.ts';

/** A stream of random numbers. Each call draws the next number. */
export interface Rng {
  /** Uniform in [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform among the integers of [0, below). Throws unless `below` is an integer from 1 to 2⁵³ − 1. */
  integer(below: number): number;
}

/** Up to here, integers are drawn in 32 bits. */
const small = 2 ** 16;

/**
 * Makes a stream of random numbers. Equal seeds give equal streams. Throws unless the seed is a signed or unsigned 32-bit integer.
 * @example
 * rng(7).uniform() === rng(7).uniform() // true
 */
export function rng(seed: number): Rng {
  if (!Number.isInteger(seed) || seed < -(2 ** 31) || seed >= 2 ** 32) {
    fail(`rng: the seed is ${seed}; a seed is an integer from -2^31 to 2^32 - 1`);
  }
  // not xorshift: its streams of neighbouring seeds begin with nearly equal numbers, or differ by fixed bits
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
      if (below > small) return uniformInt(generator, 0, below - 1);
      // the same number as uniformInt draws, which computes the remainder of doubles and so takes several times as long
      let drawn = (generator.next() ^ -(2 ** 31)) >>> 0;
      while (drawn >= 2 ** 32 - small && drawn >= 2 ** 32 - (2 ** 32 % below))
        drawn = (generator.next() ^ -(2 ** 31)) >>> 0;
      return drawn % below;
    },
  };
}
