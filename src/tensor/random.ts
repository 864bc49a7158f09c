/** @file Seeded random numbers. A generator belongs to its caller; there is no global one. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers: each call takes the next one. */
export interface Rng {
  /** From [0, 1). */
  uniform(): number;
  /** From the standard normal distribution; may differ in the last bit where another engine's log or cos does. */
  normal(): number;
  /** An integer from [0, below). */
  integer(below: number): number;
}

/**
 * A stream of random numbers: equal seeds give equal streams.
 * @example
 * rng(7).uniform() === rng(7).uniform() // true
 */
export function rng(seed: number): Rng {
  const generator = xoroshiro128plus(seed);
  const uniform = (): number => uniformFloat64(generator);
  return {
    uniform,
    // Box and Muller; 1 − u is never 0
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer: (below) => uniformInt(generator, 0, below - 1),
  };
}
