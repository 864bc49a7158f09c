/** @file Seeded random numbers are reproducible, uniform or normal, and independent between neighbouring seeds. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { mersenne } from 'pure-rand/generator/mersenne';
import { describe, expect, it } from 'vitest';
import { rng } from '../../src/tensor/random.ts';

const draw = <T>(count: number, f: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => f(i));
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/** Checks a mean to within 5 standard errors. A correct stream fails for about one seed in a million; the seeds are fixed. */
function hasMean(numbers: readonly number[], expected: number, deviation: number): void {
  expect(Math.abs(mean(numbers) - expected)).toBeLessThan((5 * deviation) / Math.sqrt(numbers.length));
}

describe('rng', () => {
  it('repeats its stream for a seed, and differs between seeds', () => {
    const stream = (seed: number): number[] => {
      const { uniform, normal, integer } = rng(seed);
      return draw(20, () => [uniform(), normal(), integer(10)]).flat();
    };
    expect(stream(5)).toEqual(stream(5));
    expect(stream(5)).not.toEqual(stream(6));
    expect(stream(-1)).toEqual(stream(2 ** 32 - 1));
  });

  it('gives each caller an independent stream', () => {
    const [a, b, alone] = [rng(1), rng(2), rng(1)];
    const mixed = draw(10, () => [b.uniform(), a.uniform()][1]);
    expect(mixed).toEqual(draw(10, () => alone.uniform()));
  });

  it('is uniform on [0, 1), along a stream and over the first numbers of neighbouring seeds', () => {
    const one = rng(1);
    for (const numbers of [draw(10_000, one.uniform), draw(10_000, (seed) => rng(seed).uniform())]) {
      expect(numbers.every((x) => x >= 0 && x < 1)).toBe(true);
      hasMean(numbers, 1 / 2, Math.sqrt(1 / 12));
      hasMean(
        numbers.map((x) => x * x),
        1 / 3,
        Math.sqrt(4 / 45),
      );
      // neighbouring seeds give different numbers
      hasMean(
        numbers.slice(1).map((x, i) => (x - 0.5) * (numbers[i]! - 0.5)),
        0,
        1 / 12,
      );
    }
  });

  it('is normal with mean 0 and variance 1, in every moment up to the fourth', () => {
    const numbers = draw(20_000, rng(3).normal);
    const moments = [
      { power: 1, moment: 0, deviation: 1 },
      { power: 2, moment: 1, deviation: Math.sqrt(2) },
      { power: 3, moment: 0, deviation: Math.sqrt(15) },
      { power: 4, moment: 3, deviation: Math.sqrt(96) },
    ];
    for (const { power, moment, deviation } of moments) {
      hasMean(
        numbers.map((x) => x ** power),
        moment,
        deviation,
      );
    }
  });

  // the last bound lets one of 65,000 drawn numbers be drawn again
  it.each([1, 2, 3, 7, 2 ** 16, 2 ** 16 + 1, 2 ** 40, 65_175])(
    'draws the integers below %i that pure-rand draws',
    (below) => {
      const [ours, theirs] = [rng(7), mersenne(7)];
      expect(
        draw(200_000, () => ours.integer(below) - uniformInt(theirs, 0, below - 1)).every((off) => off === 0),
      ).toBe(true);
    },
  );

  it('draws every integer below a bound equally often, also as the first number of neighbouring seeds', () => {
    const one = rng(4);
    for (const integers of [draw(7_000, () => one.integer(7)), draw(7_000, (seed) => rng(seed).integer(7))]) {
      for (let n = 0; n < 7; n++)
        hasMean(
          integers.map((i) => (i === n ? 1 : 0)),
          1 / 7,
          Math.sqrt(6) / 7,
        );
    }
    const coins = draw(2_000, (seed) => rng(seed).integer(2));
    hasMean(
      coins.slice(1).map((coin, i) => (coin === coins[i] ? 1 : 0)),
      1 / 2,
      1 / 2,
    );
    expect(rng(0).integer(1)).toBe(0);
  });

  it.each([
    [() => rng(0.5), 'rng: the seed is 0.5; a seed is an integer from -2^31 to 2^32 - 1'],
    [() => rng(Number.NaN), 'rng: the seed is NaN; a seed is an integer from -2^31 to 2^32 - 1'],
    [() => rng(2 ** 32), 'rng: the seed is 4294967296; a seed is an integer from -2^31 to 2^32 - 1'],
    [() => rng(0).integer(0), 'rng: an integer below 0 was asked for; the bound is an integer from 1 to 2^53 - 1'],
    [() => rng(0).integer(2.5), 'rng: an integer below 2.5 was asked for; the bound is an integer from 1 to 2^53 - 1'],
  ])('refuses an invalid seed or bound (%#)', (call, message) => {
    expect(call).toThrow(message);
  });
});
