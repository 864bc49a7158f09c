/** @file Mamba-3, against hand calculations. */
import { describe, expect, it } from 'vitest';
import { mamba3, mamba3Mimo } from '../../spec/index.ts';
import { distance } from './small.ts';

/** One token, whose angle is θ and whose share of its own input is ¾. */
const token = {
  ...{ q: [[1, 0, 1]], k: [[0, 2, 1]], v: [[4]], gate: [-Math.LN2], delta: [0.5], trap: [Math.log(3)] },
  ...{ qBias: [0, 0, 0], kBias: [1, 0, 0], angles: [[Math.atanh(0.5)]] },
};
const start = { angleState: [Math.PI / 4], state: [[8, 0, 0]], keyState: [0, 0, 16], valueState: [2] };

describe('Mamba-3 with several inputs', () => {
  const [q, k] = [token.q[0]!, token.k[0]!];
  const two = {
    ...token,
    ...{
      q: [[q, [0, 0, 1]]],
      k: [[k, [0, 0, 3]]],
      qBias: [
        [0, 0, 0],
        [0, 0, 0],
      ],
      kBias: [token.kBias, [0, 0, 0]],
    },
    ...{ mimoV: [[1], [0.5]], mimoOut: [[1], [2]] },
  };
  const before = { ...start, keyState: [start.keyState, [0, 0, 0]], valueState: [start.valueState, [0]] };

  it('is that with a single one, if there is one', () => {
    const one = {
      ...two,
      q: [[q]],
      k: [[k]],
      qBias: [token.qBias],
      kBias: [token.kBias],
      mimoV: [[1]],
      mimoOut: [[1]],
    };
    const left = mamba3Mimo(one, { ...start, keyState: [start.keyState], valueState: [start.valueState] });
    const { keyState, valueState, ...right } = mamba3(token, start);
    expect(left).toEqual({ ...right, keyState: [keyState], valueState: [valueState] });
  });

  it('writes all inputs into one state, which every query reads', () => {
    const { output, state, valueState } = mamba3Mimo(two, before);
    // the second input writes ⅜ · 2 · 3 into the last channel
    expect(distance(state, [[1, 1.5, 5.75]])).toBeLessThan(1e-13);
    expect(valueState).toEqual([[4], [2]]);
    // the first query reads 1.5 + 5.75, the second 5.75, twice
    expect(distance(output, [[18.75]])).toBeLessThan(1e-13);
  });
});

describe('Mamba-3', () => {
  it('decays the state and the input of the token before, and adds its own', () => {
    const { output, angleState, state, keyState, valueState } = mamba3(token, start);
    // a quarter turn more gives θ = π/2: (1, 2) becomes (−2, 1), and (1, 0) becomes (0, 1)
    expect(angleState[0]).toBeCloseTo(Math.PI / 2, 14);
    expect(distance([keyState], [[-2, 1, 1]])).toBeLessThan(1e-14);
    expect(valueState).toEqual([4]);
    // 8/2 + ⅜ · 4 · (−2), ⅜ · 4, ⅛ · ½ · 2 · 16 + ⅜ · 4
    expect(distance(state, [[1, 1.5, 3.5]])).toBeLessThan(1e-13);
    expect(distance(output, [[5]])).toBeLessThan(1e-13);
  });

  it('adds the skip before the gate of the outputs', () => {
    const { output } = mamba3({ ...token, skip: 0.25, z: [[2]] }, start);
    expect(distance(output, [[12 / (1 + Math.exp(-2))]])).toBeLessThan(1e-13);
  });

  it('rotates the same after whole turns, and back', () => {
    const whole = mamba3(token, { ...start, angleState: [Math.PI / 4 + 2 * Math.PI] });
    expect(whole.angleState[0]).toBeCloseTo(2.5 * Math.PI, 13);
    expect(distance(whole.output, mamba3(token, start).output)).toBeLessThan(1e-13);
    const { angleState } = mamba3({ ...token, angles: [[-Math.atanh(0.5)]] }, start);
    expect(angleState[0]).toBeCloseTo(0, 14);
  });
});
