/** @file Learning rate schedules. */
import { describe, expect, it } from 'vitest';
import { cosineDecay, polynomialDecay } from '../../src/training/index.ts';

describe('polynomialDecay', () => {
  it('rises during warm-up, falls, then stays constant', () => {
    const rate = polynomialDecay({ peak: 8, end: 2, warmup: 4, total: 8, power: 2 });
    expect([0, 1, 4, 6, 8, 20].map(rate)).toEqual([0, 2, 8, 3.5, 2, 2]);
  });
});

describe('cosineDecay', () => {
  it('rises during warm-up, falls by half a cosine, then stays constant', () => {
    const rate = cosineDecay({ peak: 8, end: 2, warmup: 4, total: 8 });
    expect([0, 1, 4, 6, 8, 20].map(rate)).toEqual([0, 2, 8, 5, 2, 2]);
    expect(rate(5)).toBeCloseTo(2 + 3 * (1 + Math.SQRT1_2), 14);
  });
});

describe.each([
  ['polynomialDecay', polynomialDecay],
  ['cosineDecay', cosineDecay],
])('%s', (name, decay) => {
  it('begins at the peak without warm-up', () => {
    expect([0, 1].map(decay({ peak: 3, total: 1 }))).toEqual([3, 0]);
  });
  it('refuses a warm-up that does not end before the total, and rates that are no numbers', () => {
    expect(() => decay({ peak: 1, warmup: 3, total: 3 })).toThrow(`${name}: warmup 3 and total 3; 0 ≤ warmup < total`);
    expect(() => decay({ peak: NaN, total: 3 })).toThrow(`${name}: peak is NaN; it is a number ≥ 0`);
    expect(() => decay({ peak: 1, end: -1, total: 3 })).toThrow(`${name}: end is -1; it is a number ≥ 0`);
  });
});
