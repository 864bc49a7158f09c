/** @file The generalised delta rule, against hand calculations and its special cases. */
import { describe, expect, it } from 'vitest';
import { channelGatedAttention, generalisedDeltaRule, type Matrix } from '../../spec/index.ts';
import { distance, numbers } from './small.ts';

describe('the generalised delta rule', () => {
  it('reads with a before it decays, and writes what it read with b', () => {
    const one = { q: [[1, 2]], k: [[1, 0]], v: [[7]], a: [[1, 1]], b: [[0, 3]], g: [[-Math.LN2, 0]] };
    const { output, state } = generalisedDeltaRule(one, 0.5, [[4], [8]]);
    // p = 12; S = [2 + 0 + 7, 8 + 36 + 0]
    expect(distance(state, [[9], [44]])).toBeLessThan(1e-13);
    expect(distance(output, [[(9 + 88) / 2]])).toBeLessThan(1e-13);
  });

  it('is gated linear attention where a is 0, bit for bit', () => {
    const [q, k, v, b, s0] = [numbers(1, 6, 3), numbers(2, 6, 3), numbers(3, 6, 2), numbers(4, 6, 3), numbers(5, 3, 2)];
    const g = numbers(6, 6, 3).map((row) => row.map((x) => -Math.abs(x)));
    const a = q.map((row) => row.map(() => 0));
    expect(generalisedDeltaRule({ q, k, v, a, b, g }, 0.5, s0)).toEqual(channelGatedAttention(q, k, v, g, 0.5, s0));
  });

  it('is the delta rule where a is −k and b is β k: a key of length 1 with β = 1 is read as its value', () => {
    const k: Matrix = [[0.6, 0.8]];
    const delta = { q: k, k, v: [[5]], a: [[-0.6, -0.8]], b: k, g: [[0, 0]] };
    const { output } = generalisedDeltaRule(delta, 1, [[3], [4]]);
    expect(distance(output, [[5]])).toBeLessThan(1e-13);
  });
});
