/** @file Gated and plain linear attention and state space duality, against hand calculations. */
import { describe, expect, it } from 'vitest';
import {
  channelGatedAttention,
  gatedLinearAttention,
  groupOfHead,
  linearAttention,
  type Matrix,
  normalisedLinearAttention,
  retention,
  stateSpaceDuality,
  zeros,
} from '../../spec/index.ts';
import { distance, numbers, signs } from './small.ts';

const transposed = (x: Matrix): Matrix => x[0]!.map((_, j) => x.map((row) => row[j]!));

describe('gated linear attention', () => {
  const [q, k, v] = [
    [
      [1, 2],
      [3, 5],
    ],
    [
      [1, 0],
      [1, 1],
    ],
    [[7], [10]],
  ] as const;

  it('decays the state before it adds a token, so the first gate acts on the initial state', () => {
    const { output, state } = gatedLinearAttention(q, k, v, [-Math.LN2, 0], [[4], [8]]);
    // S = [2 + 7, 4], then [9 + 10, 4 + 10]
    expect(distance(output, [[9 + 8], [57 + 70]])).toBeLessThan(1e-13);
    expect(distance(state, [[19], [14]])).toBeLessThan(1e-13);
  });

  it('resets the state at a gate of -∞', () => {
    const { output, state } = gatedLinearAttention(q, k, v, [0, Number.NEGATIVE_INFINITY], [[4], [8]]);
    expect(output[1]).toEqual([80]);
    expect(state).toEqual([[10], [10]]);
  });

  it('equals retention if all gates are log γ', () => {
    const [qs, ks, vs, s0] = [numbers(1, 6, 3), numbers(2, 6, 3), numbers(3, 6, 2), numbers(4, 3, 2)];
    const gated = gatedLinearAttention(
      qs,
      ks,
      vs,
      qs.map(() => Math.log(0.75)),
      s0,
    );
    const retained = retention(qs, ks, vs, 0.75, s0);
    expect(distance(gated.output, retained.output)).toBeLessThan(1e-14);
    expect(distance(gated.state, retained.state)).toBeLessThan(1e-14);
  });

  it('equals linear attention bit for bit if all gates are 0', () => {
    const [qs, ks, vs, s0] = [signs(1, 6, 3), signs(2, 6, 3), signs(3, 6, 2), signs(4, 3, 2)];
    expect(
      gatedLinearAttention(
        qs,
        ks,
        vs,
        qs.map(() => 0),
        s0,
      ),
    ).toEqual(linearAttention(qs, ks, vs, s0));
  });
});

describe('gated linear attention with a gate for each key channel', () => {
  const [q, k, v] = [
    [
      [1, 2],
      [3, 5],
    ],
    [
      [1, 0],
      [1, 1],
    ],
    [[7], [10]],
  ] as const;

  it('decays each row of the state by its own gate, and scales the queries', () => {
    const g = [
      [-Math.LN2, 0],
      [0, Number.NEGATIVE_INFINITY],
    ];
    const { output, state } = channelGatedAttention(q, k, v, g, 0.5, [[4], [8]]);
    // S = [2 + 7, 8], then [9 + 10, 0 + 10]
    expect(distance(output, [[(9 + 16) / 2], [(57 + 50) / 2]])).toBeLessThan(1e-13);
    expect(distance(state, [[19], [10]])).toBeLessThan(1e-13);
  });

  it('equals gated linear attention bit for bit if the gates of a token are equal', () => {
    const g = [-0.5, -0.25];
    const each = g.map((gate) => [gate, gate]);
    expect(channelGatedAttention(q, k, v, each, 1, [[4], [8]])).toEqual(gatedLinearAttention(q, k, v, g, [[4], [8]]));
  });
});

describe('normalised linear attention', () => {
  it('divides by the sum of its weights, without a weight for the initial state', () => {
    const [q, k, v] = [
      [
        [1, 1],
        [2, 0],
      ],
      [
        [1, 3],
        [3, 1],
      ],
      [[8], [16]],
    ];
    const { output, state, keySum } = normalisedLinearAttention(q, k, v, [[100], [0]]);
    // S = [108, 24], then [156, 40]; q · z = 4, then 8
    expect(distance(output, [[132 / 4], [312 / 8]])).toBeLessThan(1e-8);
    expect(state).toEqual([[156], [40]]);
    expect(keySum).toEqual([4, 4]);
  });

  it('continues from a state and the sum of its keys', () => {
    const positive = (seed: number, columns: number): Matrix =>
      numbers(seed, 5, columns).map((row) => row.map((value) => value + 2));
    const [q, k, v] = [positive(1, 3), positive(2, 3), positive(3, 2)];
    const whole = normalisedLinearAttention(q, k, v);
    const first = normalisedLinearAttention(q.slice(0, 2), k.slice(0, 2), v.slice(0, 2));
    const rest = normalisedLinearAttention(q.slice(2), k.slice(2), v.slice(2), first.state, first.keySum);
    expect({ ...rest, output: [...first.output, ...rest.output] }).toEqual(whole);
  });

  it('gives 0 where the sum of weights is 0', () => {
    expect(normalisedLinearAttention([[1]], [[0]], [[5]])).toEqual({ output: [[0]], state: [[0]], keySum: [0] });
  });
});

describe('state space duality', () => {
  it('adds x ⊗ B to the decayed state, and reads the state with C', () => {
    const { output, state } = stateSpaceDuality(
      [
        [1, 2],
        [3, 4],
      ],
      [0, -Math.LN2],
      [[5], [6]],
      [[1], [10]],
      [[2], [0]],
    );
    // h = [2 + 5, 10], then [3.5 + 18, 5 + 24]
    expect(
      distance(output, [
        [7, 10],
        [215, 290],
      ]),
    ).toBeLessThan(1e-12);
    expect(distance(state, [[21.5], [29]])).toBeLessThan(1e-13);
  });

  it('equals gated linear attention of C, B and x, its state transposed', () => {
    const [x, b, c, h0] = [numbers(1, 7, 2), numbers(2, 7, 3), numbers(3, 7, 3), numbers(4, 2, 3)];
    const g = numbers(5, 1, 7)[0]!;
    const dual = stateSpaceDuality(x, g, b, c, h0);
    const attended = gatedLinearAttention(c, b, x, g, transposed(h0));
    expect(distance(dual.output, attended.output)).toBeLessThan(1e-14);
    expect(dual.state).toEqual(transposed(attended.state));
  });

  it('assigns neighbouring heads to one group', () => {
    expect([0, 1, 2, 3, 4, 5].map((a) => groupOfHead(a, 6, 2))).toEqual([0, 0, 0, 1, 1, 1]);
    expect(stateSpaceDuality([], [], [], [], zeros(2, 3))).toEqual({ output: [], state: zeros(2, 3) });
  });
});
