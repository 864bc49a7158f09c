import { describe, expect, it } from 'vitest';
import {
  attention,
  dot,
  erf,
  erfc,
  extendCache,
  feedForward,
  geGlu,
  gelu,
  type Matrix,
  rotatePairs,
  scoreFactor,
  silu,
  softmax,
  swiGlu,
  usualRotaryFrequencies,
  type Vector,
} from '../../spec/index.ts';
import { distance, numbers } from './small.ts';

const close = (x: Vector) => x.map((value) => expect.closeTo(value, 14));
const identity = (size: number): Matrix =>
  Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));

describe('softmax', () => {
  it('is the formula, by hand', () => {
    expect(softmax([Math.log(1), Math.log(3)])).toEqual(close([0.25, 0.75]));
    expect(softmax([7])).toEqual([1]);
  });

  it('never overflows, and depends only on differences', () => {
    expect(softmax([1000, 1000, -1000])).toEqual([0.5, 0.5, 0]);
    expect(softmax([-1e4, -1e4])).toEqual([0.5, 0.5]);
  });
});

describe('attention (Eq. 1)', () => {
  it('equals a hand calculation: the second token reads the first with weight 1/4 and does not read the third', () => {
    const q = [[5], [1], [0]];
    const k = [[0], [Math.log(3)], [9]];
    const v = [
      [4, 0],
      [8, 16],
      [0, 3],
    ];
    const third = [12 / 3, 19 / 3];
    const W = [
      [1, 0],
      [1, 1],
      [0, 2],
    ];
    const out = ([a, b]: readonly number[]) => [a!, a! + b!, 2 * b!];
    const expected = [[4, 0], [7, 12], third].map((row) => close(out(row)));
    expect(attention(q, k, v, W, 'none')).toEqual(expected);
  });

  it('divides scores by the root of the key width under the reading rootKeyWidth', () => {
    const [q, k, v] = [numbers(1, 5, 4), numbers(2, 5, 4), numbers(3, 5, 3)];
    const halved = q.map((row) => row.map((x) => x / 2));
    expect(scoreFactor('rootKeyWidth', 4)).toBe(0.5);
    expect(scoreFactor('none', 4)).toBe(1);
    const [scaled, plain] = [
      attention(q, k, v, identity(3), 'rootKeyWidth'),
      attention(halved, k, v, identity(3), 'none'),
    ];
    expect(distance(scaled, plain)).toBeLessThan(1e-14);
    expect(distance(scaled, attention(q, k, v, identity(3), 'none'))).toBeGreaterThan(0.01);
  });

  it('continues from a cache: tokens [0, s), then [s, T), equal the whole run', () => {
    const [q, k, v] = [numbers(1, 7, 2), numbers(2, 7, 2), numbers(3, 7, 3)];
    const whole = attention(q, k, v, identity(3), 'none');
    for (let s = 0; s <= 7; s++) {
      const cache = extendCache({ keys: [], values: [] }, k.slice(0, s), v.slice(0, s));
      const rest = attention(q.slice(s), k.slice(s), v.slice(s), identity(3), 'none', cache);
      expect(rest).toEqual(whole.slice(s));
    }
  });

  it('averages values if all keys are equal', () => {
    const v = numbers(3, 4, 3);
    const k = v.map(() => [2, 1]);
    const means = v.map((_, t) =>
      v[0]!.map((_, e) => v.slice(0, t + 1).reduce((sum, row) => sum + row[e]!, 0) / (t + 1)),
    );
    expect(distance(attention(numbers(1, 4, 2), k, v, identity(3), 'none'), means)).toBeLessThan(1e-15);
  });
});

describe('feed-forward (Eq. 2)', () => {
  it('is the formula, by hand, with each σ', () => {
    const up = [
      [1, 0],
      [0, -2],
      [1, 1],
    ];
    const down = [
      [1, 2, 0],
      [0, 0, 3],
    ];
    for (const [name, sigma] of [
      ['silu', silu],
      ['gelu', gelu],
    ] as const) {
      const expected = [sigma(3) + 2 * sigma(2), 3 * sigma(2)];
      expect(feedForward({ up, down }, [3, -1], name)).toEqual(close(expected));
    }
  });

  it('has a gated form with SiLU on the gate', () => {
    expect(swiGlu({ gate: [[2]], up: [[-3]], down: [[1], [8]] }, [1])).toEqual([-3 * silu(2), -24 * silu(2)]);
    expect(geGlu({ gate: [[2]], up: [[-3]], down: [[1], [8]] }, [1])).toEqual([-3 * gelu(2), -24 * gelu(2)]);
  });

  it('has the exact GELU, against a table of the error function (Abramowitz & Stegun, Table 7.1)', () => {
    const table: readonly (readonly [number, number])[] = [
      [0, 0],
      [0.1, 0.112462916],
      [0.5, 0.5204998778],
      [1, 0.8427007929],
      [1.5, 0.9661051465],
      [2, 0.995322265],
    ];
    for (const [z, expected] of table) {
      expect(erf(z)).toBeCloseTo(expected, 9);
      expect(erf(-z)).toBeCloseTo(-expected, 9);
      expect(gelu(z * Math.SQRT2)).toBeCloseTo((z * Math.SQRT2 * (1 + expected)) / 2, 9);
    }
    expect([erf(30), erf(-30)]).toEqual([1, -1]);
    // a small tail keeps its digits: erfc(5) = 1.5374597944…e-12
    expect(erfc(5) * 1e12).toBeCloseTo(1.5374597944, 9);
    expect(gelu(-5 * Math.SQRT2) * 1e12).toBeCloseTo(-5 * Math.SQRT1_2 * 1.5374597944, 8);
    expect(Math.abs(erf(1 + 1e-12) - erf(1))).toBeLessThan(1e-12);
  });
});

describe('the usual rotary positions', () => {
  it('divide by the number of pairs', () => {
    expect(usualRotaryFrequencies(8)).toEqual(close([1, 0.1, 0.01, 0.001]));
    expect(usualRotaryFrequencies(4, 16)).toEqual([1, 0.25]);
    expect(() => usualRotaryFrequencies(3)).toThrow('3 channels');
  });

  it('rotate neighbours, or the two halves', () => {
    const [c, s] = [Math.cos(3), Math.sin(3)];
    const [C, S] = [Math.cos(6), Math.sin(6)];
    expect(rotatePairs([1, 2, 5, 7], 3, [1, 2], 'neighbours')).toEqual([
      1 * c - 2 * s,
      2 * c + 1 * s,
      5 * C - 7 * S,
      7 * C + 5 * S,
    ]);
    expect(rotatePairs([1, 2, 5, 7], 3, [1, 2], 'halves')).toEqual([
      1 * c - 5 * s,
      2 * C - 7 * S,
      5 * c + 1 * s,
      7 * C + 2 * S,
    ]);
  });

  it('make q · k depend only on differences of positions', () => {
    const [q, k] = numbers(1, 2, 6) as [Vector, Vector];
    const theta = usualRotaryFrequencies(6);
    for (const pairs of ['halves', 'neighbours'] as const) {
      const at = (shift: number) =>
        dot(rotatePairs(q, 5 + shift, theta, pairs), rotatePairs(k, 2 + shift, theta, pairs));
      expect(at(17)).toBeCloseTo(at(0), 14);
    }
  });
});
