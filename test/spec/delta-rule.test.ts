/** @file The delta rules, their norms and their gates, against hand calculations. */
import { describe, expect, it } from 'vitest';
import {
  boundedGate,
  deltaRule,
  gatedDeltaRule,
  kimiDeltaAttention,
  linearAttention,
  rawGate,
  unitLength,
} from '../../spec/index.ts';
import { distance } from './small.ts';

const k = [
  [1, 0],
  [1, 1],
];

describe('the delta rule', () => {
  it('writes what the state does not yet say, and reads the state after that', () => {
    const { output, state } = deltaRule(
      [
        [1, 0],
        [1, 2],
      ],
      k,
      [[7], [10]],
      [0.5, 1],
      [[3], [1]],
    );
    // S = [3 + (7 − 3) / 2, 1] = [5, 1]; then r = 10 − 6 = 4 for both channels of the key
    expect(output).toEqual([[5], [9 + 10]]);
    expect(state).toEqual([[9], [5]]);
  });

  it('replaces the value of a key of length 1 at β = 1, and keeps the state at β = 0', () => {
    expect(deltaRule([[1]], [[1]], [[7]], [1], [[3]]).state).toEqual([[7]]);
    expect(deltaRule([[1]], [[1]], [[7]], [0], [[3]]).state).toEqual([[3]]);
  });

  it('has a step size for each value channel', () => {
    expect(deltaRule([[1]], [[1]], [[7, 7]], [[1, 0.5]], [[3, 3]]).state).toEqual([[7, 5]]);
  });

  it('is linear attention for keys that are orthogonal to all before', () => {
    const keys = [
      [1, 0],
      [0, 1],
    ];
    expect(deltaRule(k, keys, [[7], [10]], [1, 1])).toEqual(linearAttention(k, keys, [[7], [10]]));
  });
});

describe('the gated delta rule', () => {
  it('takes the residual from the decayed state', () => {
    const { state } = gatedDeltaRule([[1]], [[1]], [[7]], [0.5], [-Math.LN2], [[4]]);
    // P = 2, S = 2 + (7 − 2) / 2
    expect(distance(state, [[4.5]])).toBeLessThan(1e-13);
  });

  it('resets the state at a gate of −∞', () => {
    expect(gatedDeltaRule([[1]], [[1]], [[7]], [0.5], [Number.NEGATIVE_INFINITY], [[4]]).state).toEqual([[3.5]]);
  });

  it('decays each key channel by its own gate in KDA', () => {
    const { state } = kimiDeltaAttention([[0, 0]], [[0, 0]], [[7]], [1], [[0, -Math.LN2]], [[4], [4]]);
    expect(distance(state, [[4], [2]])).toBeLessThan(1e-13);
  });
});

describe('norms and gates', () => {
  it('divide by the length, with ε under a maximum or in the root', () => {
    expect(unitLength([3, 4], 'none', 1)).toEqual([3, 4]);
    expect(distance([unitLength([3, 4], 'max', 1e-12)], [[0.6, 0.8]])).toBeLessThan(1e-15);
    expect(unitLength([3, 4], 'max', 10)).toEqual([0.30000000000000004, 0.4]);
    expect(distance([unitLength([3, 4], 'sum', 75)], [[0.3, 0.4]])).toBeLessThan(1e-15);
  });

  it('come from raw numbers', () => {
    expect(rawGate(0, 0)).toBeCloseTo(-Math.LN2, 15);
    expect(rawGate(-1, Math.log(3), 1)).toBeCloseTo(-3 * Math.LN2, 14);
    expect(boundedGate(-1, 5, 1, -5)).toBe(-2.5);
    expect(boundedGate(Math.log(3) / 2, Math.LN2, 0, -4)).toBeCloseTo(-3, 14);
  });
});
