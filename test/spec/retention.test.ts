import { describe, expect, it } from 'vitest';
import {
  decayNormalised,
  denseRetention,
  type Matrix,
  power,
  retainBy,
  retention,
  retentionOutput,
  retentionState,
  sum,
  torchscaleChunkwise,
  torchscaleParallel,
} from '../../spec/index.ts';
import { distance, numbers, signs } from './small.ts';

const [d, e] = [3, 5];
const exact = (t: number) => ({
  q: signs(1 + t, t, d),
  k: signs(2 + t, t, d),
  v: signs(3 + t, t, e),
  s0: signs(4, d, e),
});
const real = (t: number, size = 1) => ({ q: numbers(1, t, d, size), k: numbers(2, t, d, size), v: numbers(3, t, e) });

describe('retention (Eqs. 19, 20) and dense retention (Eq. 25)', () => {
  it('equals a hand calculation', () => {
    const s = retentionState(0.5, [[8], [4]], [1, 2], [3]);
    expect(s).toEqual([[7], [8]]);
    expect(retentionOutput([10, 1], s)).toEqual([78]);
  });

  it.each([1, 2, 3, 7, 13, 20])('recurrence equals double sum, bit for bit, on exact inputs, T = %i', (t) => {
    const { q, k, v, s0 } = exact(t);
    expect(denseRetention(q, k, v, 0.5)).toEqual(retention(q, k, v, 0.5).output);
    expect(denseRetention(q, k, v, 0.5, s0)).toEqual(retention(q, k, v, 0.5, s0).output);
    expect(denseRetention(q, k, v, 0.5, s0)).not.toEqual(denseRetention(q, k, v, 0.5));
  });

  it('responds to an impulse at s with γ^{t-s} at t', () => {
    const t = 9;
    for (let s = 0; s < t; s++) {
      const k: Matrix = Array.from({ length: t }, (_, i) => [i === s ? 1 : 0]);
      const q: Matrix = Array.from({ length: t }, () => [1]);
      const expected = q.map((_, i) => [i < s ? 0 : power(0.75, i - s)]);
      expect(denseRetention(q, k, q, 0.75)).toEqual(expected);
      expect(retention(q, k, q, 0.75).output).toEqual(expected);
    }
  });

  it('continues from a state: tokens [0, s), then [s, T), equal the whole run', () => {
    const { q, k, v, s0 } = exact(11);
    const whole = retention(q, k, v, 0.5, s0);
    for (let s = 0; s <= 11; s++) {
      const first = retention(q.slice(0, s), k.slice(0, s), v.slice(0, s), 0.5, s0);
      const rest = [q.slice(s), k.slice(s), v.slice(s)] as const;
      const second = retention(...rest, 0.5, first.state);
      expect([...first.output, ...second.output]).toEqual(whole.output);
      expect(second.state).toEqual(whole.state);
      expect([...first.output, ...denseRetention(...rest, 0.5, first.state)]).toEqual(whole.output);
    }
  });

  it('returns the given state for an empty sequence', () => {
    const { s0 } = exact(1);
    expect(retention([], [], [], 0.5, s0)).toEqual({ output: [], state: s0 });
    expect(denseRetention([], [], [], 0.5, s0)).toEqual([]);
  });
});

describe('normalised retention', () => {
  const gamma = 0.9375;
  const norm = (n: number) => Math.sqrt(sum(0, n, (j) => power(gamma, j)));

  it('divides each row by the norm of the decays of all tokens so far', () => {
    const { q, k, v } = real(12);
    const rows = retention(q, k, v, gamma).output.map((row, n) => row.map((y) => y / norm(n)));
    expect(distance(decayNormalised(q, k, v, gamma), rows)).toBeLessThan(1e-15);
  });

  it('equals the running scale of the recurrent mode', () => {
    const { q, k, v } = real(12);
    let [lambda, z] = [1, [[0], [0], [0]].map(() => [0, 0, 0, 0, 0]) as Matrix];
    const output = q.map((row, t) => {
      const next = t === 0 ? 1 : gamma * lambda + 1;
      const keep = t === 0 ? 0 : gamma * Math.sqrt(lambda / next);
      z = z.map((values, a) => values.map((value, b) => keep * value + (k[t]![a]! * v[t]![b]!) / Math.sqrt(next)));
      lambda = next;
      return retentionOutput(row, z);
    });
    expect(distance(decayNormalised(q, k, v, gamma), output)).toBeLessThan(1e-14);
  });

  it('continues from a position and an un-normalised state', () => {
    const { q, k, v } = real(10);
    const whole = decayNormalised(q, k, v, gamma);
    for (let s = 0; s <= 10; s++) {
      const { state } = retention(q.slice(0, s), k.slice(0, s), v.slice(0, s), gamma);
      const rest = s === 0 ? undefined : state;
      const second = decayNormalised(q.slice(s), k.slice(s), v.slice(s), gamma, s, rest);
      expect(distance(second, whole.slice(s))).toBe(0);
    }
  });

  it.each([0.01, 1, 30, 5000])(
    'parallel: each row is divided by its row sum, clamped to [1, 5·10⁴]; size %d',
    (size) => {
      const { q, k, v } = real(12, size);
      const rows = decayNormalised(q, k, v, gamma).map((row, n) => {
        const scores = q
          .slice(0, n + 1)
          .map((_, m) => power(gamma, n - m) * sum(0, d - 1, (a) => q[n]![a]! * k[m]![a]!));
        const total = scores.reduce((a, b) => a + Math.abs(b), 0) / norm(n);
        const c = Math.min(Math.max(total, 1), 5e4);
        return row.map((y) => y / c);
      });
      const scale = Math.max(1, ...rows.flat().map(Math.abs));
      expect(distance(torchscaleParallel(q, k, v, gamma), rows) / scale).toBeLessThan(1e-14);
    },
  );

  it.each([1, 2, 3, 5, 7, 12, 13, 40])(
    'chunkwise, C = %i: equals retention up to a positive factor per row',
    (chunk) => {
      const { q, k, v } = real(12, 3);
      const unit = (x: Matrix) => x.map((row) => row.map((y) => y / Math.hypot(...row)));
      const rows = torchscaleChunkwise(chunk)(q, k, v, gamma);
      expect(distance(unit(rows), unit(retention(q, k, v, gamma).output))).toBeLessThan(1e-13);
      expect(distance(rows, retention(q, k, v, gamma).output)).toBeGreaterThan(1e-3);
    },
  );

  it('chunkwise in one chunk equals the parallel mode while no row sum exceeds 5·10⁴', () => {
    const { q, k, v } = real(12, 30);
    expect(distance(torchscaleChunkwise(12)(q, k, v, gamma), torchscaleParallel(q, k, v, gamma))).toBeLessThan(1e-14);
    const huge = real(12, 5000);
    const rows = torchscaleChunkwise(12)(huge.q, huge.k, huge.v, gamma);
    expect(distance(rows, torchscaleParallel(huge.q, huge.k, huge.v, gamma))).toBeGreaterThan(1);
  });

  it('chunkwise divides by the scale carried into the chunk: a hand calculation with two tokens and C = 1', () => {
    const [q, k, v] = [
      [[1], [1]],
      [[8], [0.5]],
      [[4], [1]],
    ];
    // First token: score 8, divisor max(1, 8, 1); U = 32, κ = 32. Second: 0.5·1 + γ·32, divisor max(1, 0.5, 32).
    expect(torchscaleChunkwise(1)(q, k, v, 0.5)).toEqual([[4], [16.5 / 32]]);
  });

  it('refuses a chunk of no tokens', () => {
    expect(() => torchscaleChunkwise(0)).toThrow('chunk 0');
    expect(() => torchscaleChunkwise(1.5)).toThrow('chunk 1.5');
  });

  it('names one definition for each reading', () => {
    const { q, k, v } = real(6);
    expect(retainBy.none(q, k, v, gamma)).toEqual(denseRetention(q, k, v, gamma));
    expect(retainBy.decay(q, k, v, gamma)).toEqual(decayNormalised(q, k, v, gamma));
    expect(retainBy.torchscale(q, k, v, gamma)).toEqual(torchscaleParallel(q, k, v, gamma));
  });
});
