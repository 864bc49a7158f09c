/** @file The selective scan and the convolution before it, against hand calculations. */
import { describe, expect, it } from 'vitest';
import {
  convolvedToken,
  depthwiseConvolution,
  type SelectiveInputs,
  selectiveOutput,
  selectiveScan,
  selectiveState,
  silu,
  softplus,
  stateMapRow,
  stepSize,
} from '../../spec/index.ts';
import { distance, numbers } from './small.ts';

/** One channel, one state: A = -log 2 and Δ = 1 halve the state at each token. */
const halving: SelectiveInputs = {
  u: [[2], [4], [-8]],
  delta: [[1], [1], [1]],
  a: [[-Math.LN2]],
  b: { layout: 'constant', rows: [[1]] },
  c: { layout: 'constant', rows: [[3]] },
  deltaSoftplus: false,
};

describe('softplus', () => {
  it('is log 2 at 0, and accurate in both tails', () => {
    expect(softplus(0)).toBe(Math.LN2);
    expect(softplus(800)).toBe(800);
    expect(softplus(-800)).toBe(0);
    expect(softplus(-40)).toBe(Math.exp(-40));
    expect(softplus(21) - 21).toBeCloseTo(Math.exp(-21), 14);
    expect(softplus(-1)).toBeCloseTo(softplus(1) - 1, 15);
  });
});

describe('selective scan', () => {
  it('decays the state, adds Δ B u, and reads the state with C', () => {
    const { output, state } = selectiveScan(halving);
    // h = 2, 1 + 4, 2.5 - 8
    expect(distance(output, [[6], [15], [-16.5]])).toBeLessThan(1e-14);
    expect(distance(state, [[-5.5]])).toBeLessThan(1e-14);
  });

  it('starts from a state, and returns it for an empty sequence', () => {
    expect(distance(selectiveScan(halving, [[16]]).output, [[30], [27], [-10.5]])).toBeLessThan(1e-14);
    expect(selectiveScan({ ...halving, u: [], delta: [] }, [[16]])).toEqual({ output: [], state: [[16]] });
  });

  it('adds D u to the output, gates it by silu(z), and does not change the state', () => {
    const inputs: SelectiveInputs = { ...halving, skip: [0.5], z: [[0], [1], [-2]] };
    const { output, state } = selectiveScan(inputs);
    expect(distance(output, [[0], [17 * silu(1)], [-20.5 * silu(-2)]])).toBeLessThan(1e-14);
    expect(state).toEqual(selectiveScan(halving).state);
    expect(selectiveOutput([2, 3], [5, 7], 11, 13)).toBe(10 + 21 + 143);
  });

  it('computes the step from δ and its bias, with softplus if asked', () => {
    const inputs: SelectiveInputs = { ...halving, delta: [[0.25]], deltaBias: [0.5] };
    expect(stepSize(inputs, 0, 0)).toBe(0.75);
    expect(stepSize({ ...inputs, deltaSoftplus: true }, 0, 0)).toBe(Math.log1p(Math.exp(0.75)));
    expect(stepSize({ ...halving, deltaSoftplus: true }, 0, 0)).toBe(Math.log1p(Math.E));
  });

  it('decays each state of a channel by its own A, and grows where A is positive', () => {
    const h = selectiveState([1, 1, 1], 2, [0, -1, 0.5], [1, 10, 100], 3);
    expect(distance([h], [[1 + 6, Math.exp(-2) + 60, Math.E + 600]])).toBeLessThan(1e-12);
  });

  it('gives each channel the row of its layout: per channel, per token, or per group', () => {
    const rows = [[1], [2], [3], [4]];
    expect(stateMapRow({ layout: 'constant', rows }, 9, 2, 4)).toEqual([3]);
    expect(stateMapRow({ layout: 'token', rows }, 1, 2, 4)).toEqual([2]);
    const grouped = { layout: 'group', rows: [[[5], [6]]] } as const;
    expect([0, 1, 2, 3, 4, 5].map((e) => stateMapRow(grouped, 0, e, 6)[0])).toEqual([5, 5, 5, 6, 6, 6]);
  });

  it('gives equal results in every layout: constant rows, the same rows per token, and one group per channel', () => {
    const [e, n, t] = [4, 3, 5];
    const [b, c] = [numbers(1, e, n), numbers(2, e, n)];
    const inputs = (rows: readonly (readonly number[])[], layout: 'constant' | 'group') =>
      layout === 'constant' ? { layout, rows } : { layout, rows: Array.from({ length: t }, () => rows) };
    const rest = { u: numbers(3, t, e), delta: numbers(4, t, e), a: numbers(5, e, n), deltaSoftplus: true };
    const constant = selectiveScan({ ...rest, b: inputs(b, 'constant'), c: inputs(c, 'constant') });
    const mixed = selectiveScan({ ...rest, b: inputs(b, 'constant'), c: inputs(c, 'group') });
    expect(mixed).toEqual(constant);
    const shared = { layout: 'token', rows: numbers(6, t, n) } as const;
    const oneGroup = { layout: 'group', rows: shared.rows.map((row) => [row]) } as const;
    expect(selectiveScan({ ...rest, b: shared, c: oneGroup })).toEqual(
      selectiveScan({ ...rest, b: oneGroup, c: shared }),
    );
  });

  it('names the missing row', () => {
    expect(() => stateMapRow({ layout: 'token', rows: [] }, 0, 0, 1)).toThrow('row 0 of a map per token is missing');
  });
});

describe('causal convolution', () => {
  const x = [[1], [10], [100], [1000]];

  it('multiplies the current token by the last tap, with zeros before the first', () => {
    const { output, window } = depthwiseConvolution(x, [[2, 3, 5]], [0.5]);
    expect(output).toEqual([[5.5], [53.5], [532.5], [5320.5]]);
    expect(window).toEqual([[10], [100], [1000]]);
  });

  it('reads a window of earlier inputs; no token needs its oldest row', () => {
    const { output, window } = depthwiseConvolution([[1]], [[2, 3, 5]], undefined, [[-7], [20], [300]]);
    expect(output).toEqual([[2 * 20 + 3 * 300 + 5]]);
    expect(window).toEqual([[20], [300], [1]]);
    expect(depthwiseConvolution([], [[2, 3, 5]], undefined, window)).toEqual({ output: [], window });
  });

  it('keeps channels independent', () => {
    expect(
      convolvedToken(
        [
          [1, 2],
          [3, 4],
        ],
        [
          [1, 10],
          [100, 1000],
        ],
      ),
    ).toEqual([31, 4200]);
  });
});
