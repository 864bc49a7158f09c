import { describe, expect, it } from 'vitest';
import {
  denseFeature,
  denseKeys,
  denseValues,
  type FusionParameters,
  type FusionRule,
  fuseByAddition,
  fusedKeys,
  fusedValues,
  gate,
  project,
  rmsNorm,
  select,
  selectiveTransition,
  silu,
  sourceCount,
} from '../../spec/index.ts';

const swap = [
  [0, 1],
  [1, 0],
];
const ones = [1, 1];

describe('selective transition (Eqs. 15-17)', () => {
  it('projects by identity or by a weight of shape [out, in]', () => {
    expect(project([2, 3], 'identity')).toEqual([2, 3]);
    expect(project([2, 3], swap)).toEqual([3, 2]);
    const shear = [
      [1, 10],
      [0, 1],
    ];
    expect(project([2, 3], shear)).toEqual([32, 3]);
  });

  it('applies SiLU inside the gate, and a second SiLU after it under the reading silu', () => {
    const weights = { down: [[1, 2]], up: [[3], [-1]] };
    const z = silu(1 * 5 + 2 * 0.5);
    expect(gate([5, 0.5], weights, 'none')).toEqual([3 * z, -z]);
    expect(gate([5, 0.5], weights, 'silu')).toEqual([silu(3 * z), silu(-z)]);
  });

  it('has a zero gate where the hidden width is 0', () => {
    expect(gate([1, 2, 3], { down: [], up: [[], []] }, 'silu')).toEqual([0, 0]);
    expect(gate([1, 2, 3], { down: [], up: [[], []] }, 'none')).toEqual([0, 0]);
  });

  it('applies the gate after the projection', () => {
    expect(select([2, 3], [10, 100])).toEqual([20, 300]);
    expect(selectiveTransition([2, 3], swap, [10, 100])).toEqual([30, 200]);
  });
});

describe('dense fusion (Eqs. 18, 21-24)', () => {
  it('adds the gated features', () => {
    const selected = [
      [10, 20],
      [100, 200],
    ];
    for (const fuse of [fuseByAddition, fusedKeys, fusedValues]) {
      expect(fuse([1, 2], selected)).toEqual([111, 222]);
      expect(fuse([1, 2], [])).toEqual([1, 2]);
    }
  });

  it('collects the nearest min(l, m) layers, nearest first', () => {
    const features = [
      [1, 1],
      [2, 2],
      [3, 3],
    ];
    for (const collect of [denseKeys, denseValues]) {
      const all = (m: number) => collect(features, m, ['identity', 'identity', 'identity'], [ones, ones, ones]);
      expect(all(0)).toEqual([]);
      expect(all(1)).toEqual([[3, 3]]);
      expect(all(2)).toEqual([
        [3, 3],
        [2, 2],
      ]);
      expect(all(9)).toEqual([
        [3, 3],
        [2, 2],
        [1, 1],
      ]);
      expect(collect([], 2, [], [])).toEqual([]);
    }
    expect([sourceCount(0, 2), sourceCount(1, 2), sourceCount(5, 2)]).toEqual([0, 1, 2]);
  });

  it('gives source j the projection j and the gate j', () => {
    const features = [
      [1, 2],
      [3, 4],
    ];
    const gates = [
      [10, 100],
      [1000, 10000],
    ];
    expect(denseKeys(features, 2, [swap, 'identity'], gates)).toEqual([
      [40, 300],
      [1000, 20000],
    ]);
    expect(() => denseKeys(features, 2, ['identity'], gates)).toThrow('projection of source 2 is missing');
  });
});

describe('one fused feature under its readings', () => {
  const rule = (readings: Partial<FusionRule['readings']>): FusionRule => ({
    denseLayers: 2,
    epsilon: 1e-6,
    readings: {
      projection: 'identity',
      gate: 'shared',
      gateActivation: 'silu',
      fusion: 'add',
      fusedNorm: 'none',
      ...readings,
    },
  });
  const weights = (a: number) => ({
    down: [[a]],
    up: [[1], [2]],
  });
  const [own, x] = [[1, 2], [0.5]];
  const shallow = [
    [7, 7],
    [3, 4],
    [5, 6],
  ];
  const g = (a: number) => [silu(silu(a * 0.5)), silu(2 * silu(a * 0.5))];

  it('equals the formula with a shared gate and identity projections', () => {
    const [g0, g1] = g(1) as [number, number];
    const result = denseFeature(own, shallow, x, { gates: [weights(1)] }, rule({}));
    expect(result).toEqual([1 + 5 * g0 + 3 * g0, 2 + 6 * g1 + 4 * g1]);
  });

  it('uses gate j and projection j for source j', () => {
    const parameters: FusionParameters = {
      gates: [weights(1), weights(-2)],
      projections: [
        swap,
        [
          [2, 0],
          [0, 3],
        ],
      ],
    };
    const [near, far] = [g(1), g(-2)] as [[number, number], [number, number]];
    const readings = { gate: 'perLayer', projection: 'linear' } as const;
    expect(denseFeature(own, shallow, x, parameters, rule(readings))).toEqual([
      1 + 6 * near[0] + 6 * far[0],
      2 + 5 * near[1] + 12 * far[1],
    ]);
  });

  it('concatenates all channels under one map, or weights sources by scores of all channels', () => {
    const [g0, g1] = g(1) as [number, number];
    const gates = [weights(1)];
    const [near, far] = [
      [5 * g0, 6 * g1],
      [3 * g0, 4 * g1],
    ] as const;
    const merge = [
      [0, 1, 0, 0, 10, 0],
      [1, 0, 100, 0, 0, 0],
    ];
    expect(denseFeature(own, shallow, x, { gates, merge }, rule({ fusion: 'concat' }))).toEqual([
      2 + 10 * far[0],
      1 + 100 * near[0],
    ]);
    const maps = { query: swap, key: swap };
    const score = (h: readonly number[]) => (1 * h[0]! + 2 * h[1]!) / Math.sqrt(2);
    const share = 1 / (1 + Math.exp(score(far) - score(near)));
    const fused = denseFeature(own, shallow, x, { gates, ...maps }, rule({ fusion: 'attention' }));
    near.forEach((value, i) => {
      expect(fused[i]).toBeCloseTo(own[i]! + share * value + (1 - share) * far[i]!, 12);
    });
    expect(denseFeature(own, [], x, { gates: [] }, rule({ fusion: 'concat' }))).toEqual(own);
  });

  it('normalises the sum over all channels, even without sources', () => {
    const parameters = { gates: [weights(1)], norm: [2, -1] };
    const plain = denseFeature(own, shallow, x, parameters, rule({}));
    expect(denseFeature(own, shallow, x, parameters, rule({ fusedNorm: 'rms' }))).toEqual(
      rmsNorm(plain, [2, -1], 1e-6),
    );
    const alone = { gates: [], norm: [2, -1] };
    expect(denseFeature(own, [], x, alone, rule({ fusedNorm: 'rms' }))).toEqual(rmsNorm(own, [2, -1], 1e-6));
    expect(denseFeature(own, [], x, { gates: [] }, rule({}))).toEqual(own);
  });

  it('names the missing parameter', () => {
    const parameters = { gates: [weights(1)] };
    const call = (readings: Partial<FusionRule['readings']>) => () =>
      denseFeature(own, shallow, x, parameters, rule(readings));
    expect(call({ fusedNorm: 'rms' })).toThrow('norm of the fused features is missing');
    expect(call({ fusion: 'concat' })).toThrow('merge is missing');
    expect(call({ fusion: 'attention' })).toThrow('query is missing');
    expect(call({ gate: 'perLayer' })).toThrow('gate 2 of 1 is missing');
    expect(call({ projection: 'linear' })).toThrow('linear projection of source 1 is missing');
  });
});
