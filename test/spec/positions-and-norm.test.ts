import { describe, expect, it } from 'vitest';
import {
  crossEntropy,
  decays,
  dot,
  gatedRmsNorm,
  headChannels,
  multiScaleRetention,
  retainBy,
  rmsNorm,
  rotaryFrequencies,
  rotate,
} from '../../spec/index.ts';
import { distance, numbers } from './small.ts';

describe('rotary positions', () => {
  it('includes both ends of the frequency range, and uses 1 for a single pair', () => {
    const theta = rotaryFrequencies(8);
    expect(theta[0]).toBe(1);
    expect(theta[3]).toBeCloseTo(1e-4, 18);
    expect(theta[1]! / theta[2]!).toBeCloseTo(10000 ** (1 / 3), 10);
    expect(rotaryFrequencies(2)).toEqual([1]);
    expect(() => rotaryFrequencies(3)).toThrow('3 channels');
  });

  it('rotates neighbouring channels, and is the identity at position 0', () => {
    const [c, s] = [Math.cos(3), Math.sin(3)];
    expect(rotate([2, 5], 3)).toEqual([2 * c - 5 * s, 5 * c + 2 * s]);
    expect(rotate([2, 5, 7, 1], 0)).toEqual([2, 5, 7, 1]);
    expect(rotate([1, 0, 0, 0], 3)).toEqual([c, s, 0, 0]);
  });

  it('makes q · k depend only on differences of positions, and preserves norms', () => {
    const [q, k] = numbers(1, 2, 6) as [readonly number[], readonly number[]];
    for (const shift of [-1, 1, 17]) {
      expect(dot(rotate(q, 5 + shift), rotate(k, 2 + shift))).toBeCloseTo(dot(rotate(q, 5), rotate(k, 2)), 14);
    }
    expect(dot(rotate(q, 5), rotate(q, 5))).toBeCloseTo(dot(q, q), 14);
  });
});

describe('root-mean-square norm', () => {
  it('is the formula, with ε inside the root', () => {
    expect(rmsNorm([3, 4], [1, 10], 0)).toEqual(
      [3 / Math.sqrt(12.5), 40 / Math.sqrt(12.5)].map((y) => expect.closeTo(y, 14)),
    );
    expect(rmsNorm([0, 0], null, 1e-6)).toEqual([0, 0]);
    expect(rmsNorm([1e-3, 1e-3], null, 3e-6)[0]).toBeCloseTo(0.5, 14);
  });
});

describe('several heads', () => {
  it('decays by 1 - 2^{-5-a}, for any number of heads', () => {
    expect(decays(3)).toEqual([0.96875, 0.984375, 0.9921875]);
    expect(decays(1)).toEqual([0.96875]);
  });

  it('concatenates heads in order', () => {
    expect(headChannels([[1, 2, 3, 4, 5, 6]], 1, 3)).toEqual([[3, 4]]);
    expect(() => headChannels([[1, 2, 3]], 0, 2)).toThrow('3 channels for 2 heads');
  });

  it('keeps heads independent: a head run alone gives its own channels', () => {
    const [q, k, v] = [numbers(1, 5, 8), numbers(2, 5, 8), numbers(3, 5, 6)];
    const norm = { heads: 2, weight: [1, 2, -1], epsilon: 1e-6 };
    const both = multiScaleRetention(q, k, v, norm, retainBy.none);
    const first = [q, k, v].map((x) => headChannels(x, 0, 2)) as [typeof q, typeof k, typeof v];
    const alone = multiScaleRetention(...first, { ...norm, heads: 1 }, retainBy.none);
    expect(headChannels(both, 0, 2)).toEqual(alone);
    const changed = v.map((row) => [...row.slice(0, 3), 9, 9, 9]);
    expect(headChannels(multiScaleRetention(q, k, changed, norm, retainBy.none), 0, 2)).toEqual(alone);
    expect(distance(both, multiScaleRetention(q, k, changed, norm, retainBy.none))).toBeGreaterThan(0.1);
  });
});

describe('the gated norm', () => {
  it('gates before or after the norm of each group', () => {
    const [x, z, weight] = [
      [3, 4, 0, 2],
      [0, 1, 1, -1],
      [1, 1, 1, 10],
    ] as const;
    const sigma = (u: number): number => u / (1 + Math.exp(-u));
    const after = gatedRmsNorm(x, z, weight, { epsilon: 0, groups: 2, normBeforeGate: true });
    expect(after[1]).toBeCloseTo((4 / Math.sqrt(12.5)) * sigma(1), 14);
    expect(after[3]).toBeCloseTo(10 * Math.SQRT2 * sigma(-1), 14);
    const before = gatedRmsNorm(x, z, weight, { epsilon: 0, groups: 2, normBeforeGate: false });
    // one channel of each group is left, so its size is that of the root
    expect(before.map((y) => Number(y.toFixed(12)))).toEqual(
      [0, 1, 0, -10].map((y) => Number((y * Math.SQRT2).toFixed(12))),
    );
    const all = gatedRmsNorm(x, z, weight, { epsilon: 0, groups: 1, normBeforeGate: true });
    expect(all[1]).toBeCloseTo((4 / Math.sqrt(29 / 4)) * sigma(1), 14);
  });
});

describe('cross-entropy', () => {
  it('is the logarithm of the sum less the target, smoothed or not, without overflow', () => {
    expect(crossEntropy([0, 0], 1, 0)).toBe(Math.LN2);
    expect(crossEntropy([1000, 1000], 0, 0)).toBeCloseTo(Math.LN2, 12);
    expect(crossEntropy([1, 3], 1, 0.5)).toBeCloseTo(
      0.5 * Math.log1p(Math.exp(-2)) + 0.5 * (Math.log1p(Math.exp(-2)) + 1),
      14,
    );
  });
});
