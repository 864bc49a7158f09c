/** @file Eqs. 9 to 11 and 14: degradation, and the dense hidden connection over state space models. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  collect,
  type DiscreteSsm,
  degradedState,
  denseOutput,
  denseRecurrence,
  inject,
  nestedOutput,
  recurrence,
  type StackedLayer,
  thetaBlock,
  type Vector,
} from '../../spec/index.ts';
import { add, dot, krylov, scale } from '../../spec/notation.ts';
import { distance, numbers } from './small.ts';

const seeds = fc.integer({ min: 1, max: 1e6 });
const model = (seed: number, n: number): DiscreteSsm => ({
  aBar: numbers(seed, n, n, 0.6),
  bBar: numbers(seed + 1, 1, n)[0]!,
  c: numbers(seed + 2, 1, n)[0]!,
});
const row = (seed: number, length: number): Vector => numbers(seed, 1, length)[0]!;

describe('degradation (Eq. 9)', () => {
  const one = (aBar: number, bBar: number, c: number): DiscreteSsm => ({ aBar: [[aBar]], bBar: [bBar], c: [c] });

  it('equals a hand calculation for two layers of one channel and one state', () => {
    const theta = (y: Vector) => y.map((x) => x * x);
    const layers: StackedLayer[] = [
      { theta, channels: [one(0.5, 2, 3)], before: [[4]] },
      { theta, channels: [one(0.25, 5, 1)], before: [[8]] },
    ];
    // C h = 1 · 2; Θ = 4; C Ā h + C B̄ Θ = 6 + 24; Θ = 900; Ā h + B̄ Θ = 2 + 4500
    expect(nestedOutput(layers.slice(0, 1), [[2]], [[1]])).toEqual([30]);
    expect(degradedState(layers, [[2]], [[1]])).toEqual([[4502]]);
    expect(degradedState([], [[2]], [[1]])).toEqual([[2]]);
  });

  it('equals the layers run one after another, at the last token', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 3 }), (seed, depth) => {
        const [e, n, t] = [2, 3, 4];
        const channels = Array.from({ length: depth + 1 }, (_, l) =>
          Array.from({ length: e }, (_, i) => model(seed + 100 * l + 10 * i, n)),
        );
        const weights = { norm: [1, 0.5], up: numbers(seed + 7, 3, e), down: numbers(seed + 8, e, 3) };
        const theta = thetaBlock(weights, 0.1);
        let inputs = Array.from({ length: t }, (_, i) => row(seed + i, e));
        const runs = channels.map((layer) => {
          const run = layer.map((ssm, i) =>
            recurrence(
              inputs.map((x) => x[i]!),
              ssm,
            ),
          );
          inputs = Array.from({ length: t }, (_, i) => theta(run.map(({ output }) => output[i]!)));
          return run;
        });
        const layers = channels.slice(1).map((layer, l) => ({
          theta,
          channels: layer,
          before: runs[l + 1]!.map(({ states }) => states[t - 2]!),
        }));
        const nested = degradedState(
          layers,
          runs[0]!.map(({ state }) => state),
          channels[0]!.map(({ c }) => c),
        );
        expect(
          distance(
            nested,
            runs[depth]!.map(({ state }) => state),
          ),
        ).toBeLessThan(1e-12);
      }),
    );
  });

  it('has a block of norm and FFN, with a residual if asked', () => {
    const block = { norm: [1], up: [[0]], down: [[5]] };
    expect(thetaBlock(block, 0)([3])).toEqual([0]);
    expect(thetaBlock(block, 0, 1)([3])).toEqual([3]);
  });
});

describe('the dense hidden connection (Eqs. 10, 11, 14)', () => {
  it('collects the nearest m layers first, and injects by addition', () => {
    const states = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    const dense = collect(
      states,
      2,
      [
        'identity',
        [
          [0, 1],
          [1, 0],
        ],
      ],
      [
        [1, 1],
        [10, 100],
      ],
    );
    expect(dense).toEqual([
      [5, 6],
      [40, 300],
    ]);
    expect(inject([7, 7], dense)).toEqual([52, 313]);
    expect(
      collect(
        states,
        9,
        ['identity', 'identity', 'identity'],
        [
          [1, 1],
          [1, 1],
          [1, 1],
        ],
      ),
    ).toHaveLength(3);
    expect(() =>
      collect(
        states,
        2,
        ['identity'],
        [
          [1, 1],
          [1, 1],
        ],
      ),
    ).toThrow('projection of source 2 is missing');
  });

  it('equals a hand calculation for one state: C reads the fused state; the reading "fused" also carries it', () => {
    const ssm = { aBar: [[0.5]], bBar: [2], c: [3] };
    const dense = [
      [[10], [1]],
      [[0], [4]],
    ];
    // raw: h = 4, 4; fused: h' = 15, then 7.5 + 2 + 4
    expect(denseRecurrence([1, 1], ssm, dense, [4], 'raw')).toEqual({ output: [45, 24], state: [4] });
    expect(denseRecurrence([1, 1], ssm, dense, [4], 'fused')).toEqual({ output: [45, 40.5], state: [13.5] });
  });

  it('in convolution mode equals the recurrence that carries the raw state, at every token', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 7 }), (seed, n, t) => {
        const [ssm, x, h0] = [model(seed, n), row(seed + 3, t), row(seed + 4, n)];
        const dense = x.map((_, i) => numbers(seed + 50 + i, 2, n));
        const { output } = denseRecurrence(x, ssm, dense, h0, 'raw');
        const convolved = x.map((_, i) => denseOutput(x.slice(0, i + 1), ssm, dense[i]!, h0));
        expect(distance([convolved], [output])).toBeLessThan(1e-12);
      }),
    );
  });

  it('unrolled is the formula of Eq. 14, or the one beside it: a carried fusion adds every Φ_i to the sum', () => {
    const [ssm, x, h0] = [model(11, 2), row(12, 5), row(13, 2)];
    const dense = x.map((_, i) => numbers(60 + i, 2, 2));
    const phi = dense.map((sources) => sources.reduce(add));
    const powers = (u: Vector) => krylov(ssm.aBar, u, x.length + 1);
    /** C (Ā^t h_0 + Σ_{i=1}^{t} Ā^{t-i} u_i + v). */
    const unrolled = (t: number, u: readonly Vector[], v: Vector) =>
      dot(ssm.c, [...u.slice(0, t).map((one, i) => powers(one)[t - 1 - i]!), v].reduce(add, powers(h0)[t]!));
    const written = x.map((number) => scale(number, ssm.bBar));
    const raw = x.map((_, t) => unrolled(t + 1, written, phi[t]!));
    const fused = x.map((_, t) =>
      unrolled(
        t + 1,
        written.map((one, i) => add(one, phi[i]!)),
        [0, 0],
      ),
    );
    expect(distance([denseRecurrence(x, ssm, dense, h0, 'raw').output], [raw])).toBeLessThan(1e-12);
    expect(distance([denseRecurrence(x, ssm, dense, h0, 'fused').output], [fused])).toBeLessThan(1e-12);
    expect(distance([raw], [fused])).toBeGreaterThan(0.01);
  });

  it('equals the plain model if no features are collected', () => {
    const [ssm, x] = [model(3, 2), row(4, 5)];
    for (const carry of ['raw', 'fused'] as const) {
      const { output, state } = denseRecurrence(
        x,
        ssm,
        x.map(() => []),
        [0, 0],
        carry,
      );
      expect({ output, state }).toEqual({ output: recurrence(x, ssm).output, state: recurrence(x, ssm).state });
    }
  });
});
