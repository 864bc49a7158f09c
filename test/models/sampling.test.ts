/** @file Sampling: candidates and their probabilities, top-k, nucleus, greedy limits, and frequencies of draws. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidatesOf, pickToken, type Sampling } from '../../src/models/sampling.ts';
import { rng } from '../../src/tensor/random.ts';
import { cases } from '../support/property.ts';

const logit = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -30, max: 30, noNaN: true }) },
  fc.constantFrom(0, 1, -1000, 1000),
  fc.constant(-Infinity),
);
/** Logits with ties, large gaps and impossible tokens; at least one token is possible. */
const logitsOf = fc.array(logit, { minLength: 1, maxLength: 12 }).filter((logits) => logits.some((x) => x > -Infinity));
const temperatures = fc.double({ min: 0.05, max: 20, noNaN: true });
const topKs = fc.integer({ min: 1, max: 14 });
const topPs = fc.double({ min: 1e-6, max: 1, noNaN: true });
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** Softmax by its definition. */
function softmax(logits: readonly number[], temperature: number): number[] {
  const largest = Math.max(...logits);
  const weights = logits.map((x) => Math.exp((x - largest) / temperature));
  const total = weights.reduce((sum, x) => sum + x, 0);
  return weights.map((x) => x / total);
}

const greedy = (logits: readonly number[]): number => logits.indexOf(Math.max(...logits));
const massOf = (tokens: readonly number[], p: readonly number[]): number => tokens.reduce((sum, i) => sum + p[i]!, 0);
const close = 1e-12;

describe('the candidates of a draw', () => {
  it('are the most probable tokens in descending order, with shares proportional to softmax and sum 1', () => {
    fc.assert(
      fc.property(logitsOf, temperatures, fc.option(topKs), topPs, (logits, temperature, topK, topP) => {
        const candidates = candidatesOf(logits, { temperature, topP, ...(topK !== null && { topK }) });
        const kept = candidates.map(({ token }) => token);
        const p = softmax(logits, temperature);
        expect(new Set(kept).size).toBe(kept.length);
        expect(kept.length).toBeLessThanOrEqual(topK ?? Infinity);
        for (const [i, { token, share }] of candidates.entries()) {
          expect(share).toBeGreaterThan(0);
          expect(Math.abs(share - p[token]! / massOf(kept, p))).toBeLessThan(close);
          if (i > 0) expect(logits[kept[i - 1]!]!).toBeGreaterThanOrEqual(logits[token]!);
        }
        const least = logits[kept.at(-1)!]!;
        for (const [token, x] of logits.entries()) if (!kept.includes(token)) expect(x).toBeLessThanOrEqual(least);
      }),
      cases(500),
    );
  });

  it('with topP are the smallest such set whose probability reaches topP', () => {
    fc.assert(
      fc.property(logitsOf, temperatures, topPs, (logits, temperature, topP) => {
        const kept = candidatesOf(logits, { temperature, topP }).map(({ token }) => token);
        const p = softmax(logits, temperature);
        expect(massOf(kept, p)).toBeGreaterThanOrEqual(topP - close);
        expect(massOf(kept.slice(0, -1), p)).toBeLessThan(topP + close);
      }),
      cases(500),
    );
  });

  it('with topP k/n are k of n equally probable tokens', () => {
    const count = (n: number, topP: number): number =>
      candidatesOf(new Array(n).fill(1.5), { temperature: 0.7, topP }).length;
    expect(count(10, 0.8)).toBe(8);
    for (const n of [3, 10, 49, 100, 997]) {
      for (let k = 1; k <= n; k += Math.ceil(n / 25)) expect(count(n, k / n), `${k} of ${n}`).toBe(k);
    }
  });

  it('with topK and topP are the nucleus of the k most probable tokens', () => {
    // of the two most probable tokens, 0.5 and 0.3, the first has 0.625 of the sum
    const logits = [0.1, 0.5, 0.3, 0.1].map(Math.log);
    const tokens = (sampling: Sampling): number[] =>
      candidatesOf(logits, { temperature: 1, ...sampling }).map(({ token }) => token);
    expect(tokens({ topP: 0.6 })).toEqual([1, 2]);
    expect(tokens({ topK: 2, topP: 0.6 })).toEqual([1]);
    expect(tokens({ topK: 2, topP: 0.7 })).toEqual([1, 2]);
    expect(tokens({ topK: 9 })).toEqual([1, 2, 0, 3]);
  });

  it('are all possible tokens without topK and topP', () => {
    const tokens = candidatesOf([0, -Infinity, -2000, 3], { temperature: 1 }).map(({ token }) => token);
    expect(tokens).toEqual([3, 0]); // e^−2003 underflows to 0
    expect(candidatesOf(new Array(1000).fill(0), { temperature: 1, topP: 1 })).toHaveLength(1000);
  });
});

describe('a picked token', () => {
  it('is a candidate, and is the same for the same seed', () => {
    fc.assert(
      fc.property(logitsOf, temperatures, topKs, topPs, seeds, (logits, temperature, topK, topP, seed) => {
        const sampling = { temperature, topK, topP };
        const token = pickToken(logits, sampling, rng(seed));
        expect(candidatesOf(logits, sampling).map((one) => one.token)).toContain(token);
        expect(pickToken(logits, sampling, rng(seed))).toBe(token);
      }),
      cases(500),
    );
  });

  it('is the most probable token at temperature 0, with topK 1, with the least topP, and in the limit of temperature 0', () => {
    fc.assert(
      fc.property(logitsOf, temperatures, seeds, (logits, temperature, seed) => {
        const pick = (sampling: Sampling): number => pickToken(logits, sampling, rng(seed));
        const best = greedy(logits);
        expect(pick({})).toBe(best);
        expect(pick({ temperature: 0, topK: 3, topP: 0.5 })).toBe(best);
        expect(pick({ temperature, topK: 1 })).toBe(best);
        expect(pick({ temperature, topP: Number.MIN_VALUE })).toBe(best);
        // at a temperature below 1/800 of the gap, other tokens have probability e^−800 = 0; ties remain ties, also 0 and −0
        const below = Math.max(...logits.filter((x) => x < logits[best]!));
        if (below === -Infinity) return;
        expect(logits[pick({ temperature: (logits[best]! - below) / 800 })]! === logits[best]!).toBe(true);
      }),
      cases(500),
    );
  });

  it('uses one random number for a draw, and none when greedy', () => {
    const left = (sampling: Sampling): number => {
      const random = rng(3);
      pickToken([1, 2, 3], sampling, random);
      return random.uniform();
    };
    const [first, second] = ((random) => [random.uniform(), random.uniform()])(rng(3));
    expect(left({})).toBe(first);
    for (const sampling of [{}, { topK: 1 }, { topP: 0.1 }]) expect(left({ temperature: 1, ...sampling })).toBe(second);
  });

  it.each<[string, Sampling]>([
    ['softmax', { temperature: 1 }],
    ['a flat softmax', { temperature: 3 }],
    ['a sharp softmax', { temperature: 0.4 }],
    ['the four most probable', { temperature: 2, topK: 4 }],
    ['a nucleus', { temperature: 1, topP: 0.8 }],
  ])('has the frequencies of %s over 10,000 draws', (_, sampling) => {
    const logits = [0.3, -1, 2, 1.5, 0, -3, 2, 0.7];
    const draws = 10_000;
    const random = rng(11);
    const counts = new Array<number>(logits.length).fill(0);
    for (let i = 0; i < draws; i++) counts[pickToken(logits, sampling, random)]!++;
    const shares = new Map(candidatesOf(logits, sampling).map(({ token, share }) => [token, share]));
    // Bernstein's inequality: each frequency exceeds this for at most one of 10⁹ seeds
    const log = Math.log((2 * logits.length) / 1e-9);
    for (const [token, count] of counts.entries()) {
      const p = shares.get(token) ?? 0;
      const allowed = Math.sqrt((2 * p * (1 - p) * log) / draws) + (2 * log) / (3 * draws);
      expect(Math.abs(count / draws - p)).toBeLessThan(p === 0 ? Number.MIN_VALUE : allowed);
    }
  });
});

describe('sampling refuses', () => {
  it.each<[string, Sampling, string]>([
    ['a temperature below 0', { temperature: -1 }, 'the temperature is -1; it is a number ≥ 0'],
    ['an infinite temperature', { temperature: Infinity }, 'the temperature is Infinity'],
    ['a temperature of NaN', { temperature: NaN }, 'the temperature is NaN'],
    ['topK 0', { topK: 0 }, 'topK is 0; it is an integer ≥ 1'],
    ['topK 1.5', { topK: 1.5 }, 'topK is 1.5'],
    ['topP 0', { topP: 0 }, 'topP is 0; it is greater than 0 and at most 1'],
    ['topP above 1', { topP: 1.01 }, 'topP is 1.01'],
    ['topP of NaN', { topP: NaN }, 'topP is NaN'],
  ])('%s', (_, sampling, message) => {
    expect(() => pickToken([1, 2], sampling, rng(0))).toThrow(message);
  });

  it.each([
    ['no logits', [], 'there are no logits'],
    ['a NaN', [1, NaN], 'the logit of token 1 is NaN'],
    ['an infinite logit', [Infinity, 1], 'the logit of token 0 is Infinity'],
    ['only −∞', [-Infinity, -Infinity], 'every logit is -Infinity'],
  ])('%s', (_, logits, message) => {
    for (const temperature of [0, 1]) expect(() => pickToken(logits, { temperature }, rng(0))).toThrow(message);
  });
});
