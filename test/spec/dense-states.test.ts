/** @file The fusion of states, and DenseMamba, against hand calculations and against Mamba. */
import { describe, expect, it } from 'vitest';
import {
  type DenseMambaConfig,
  type DenseMambaParameters,
  denseMamba,
  denseSsmStack,
  denseState,
  fuseBy,
  gateOver,
  type MambaLayer,
  mamba,
  projectionOver,
  type StateFusion,
  type StateReadings,
  silu,
} from '../../spec/index.ts';
import { distance, numbers } from './small.ts';

const size = { channels: 2, states: 3 };
const plain: StateReadings = {
  carry: 'raw',
  pass: 'raw',
  projection: 'identity',
  projectionWidth: 'state',
  gate: 'shared',
  gateActivation: 'none',
  gateWidth: 'channel',
  fusion: 'add',
  stateNorm: 'none',
};
const rule = (readings: Partial<StateReadings>, denseLayers = 2) => ({
  denseLayers,
  epsilon: 0,
  readings: { ...plain, ...readings },
});

describe('over a state of two channels and three states', () => {
  it('a gate is per channel, per state or per entry', () => {
    expect(gateOver([1, 2], 'channel', size)).toEqual([1, 1, 1, 2, 2, 2]);
    expect(gateOver([1, 2, 3], 'state', size)).toEqual([1, 2, 3, 1, 2, 3]);
    expect(gateOver([1, 2, 3, 4, 5, 6], 'full', size)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('a projection maps the states of each channel, or the channels of each state', () => {
    const times = (map: readonly (readonly number[])[], h: readonly number[]) =>
      map.map((row) => row.reduce((total, x, i) => total + x * h[i]!, 0));
    const h = [1, 10, 100, 2, 20, 200];
    const swap = [
      [0, 1, 0],
      [1, 0, 0],
      [0, 0, 5],
    ];
    expect(times(projectionOver(swap, 'state', size), h)).toEqual([10, 1, 500, 20, 2, 1000]);
    const mixed = [
      [0, 1],
      [3, 0],
    ];
    expect(times(projectionOver(mixed, 'channel', size), h)).toEqual([2, 20, 200, 3, 30, 300]);
  });

  it('concatenation puts the layer’s own states first, in every channel', () => {
    const merge = [0, 1, 2].map((n) =>
      [0, 1, 2, 3, 4, 5].map((column) => (column === n ? 1 : column === n + 3 ? 10 : 0)),
    );
    const connection = { fusion: { gates: [], merge }, rule: rule({ fusion: 'concat' }, 1), size };
    expect(fuseBy([1, 2, 3, 4, 5, 6], [[1, 1, 1, 2, 2, 2]], connection)).toEqual([11, 12, 13, 24, 25, 26]);
  });

  it('attention gives one source the weight 1, and two sources weights by their scores', () => {
    const maps = { gates: [], query: [[1]], key: [[2]] };
    const connection = { fusion: maps, rule: rule({ fusion: 'attention' }, 2), size: { channels: 1, states: 1 } };
    expect(fuseBy([3], [[5]], connection)).toEqual([8]);
    const share = 1 / (1 + Math.exp(3 * 2 * (5 - 4)));
    const [fused] = fuseBy([3], [[4], [5]], connection);
    expect(fused).toBeCloseTo(3 + share * 4 + (1 - share) * 5, 12);
  });
});

describe('one token', () => {
  const step = { decay: [0.5], drive: [1] };
  const one = { channels: 1, states: 1 };
  const fusion: StateFusion = { gates: [{ down: [[1]], up: [[2]] }] };
  const gate = 2 * silu(3);
  const run = (readings: Partial<StateReadings>, shallow = [[7]], m = 2) =>
    denseState([4], step, shallow, [3], { fusion, rule: rule(readings, m), size: one });
  const [h, fused] = [0.5 * 4 + 1, 0.5 * 4 + 1 + 7 * gate];

  it.each([
    ['raw', 'raw', h, h],
    ['raw', 'fused', h, fused],
    ['fused', 'raw', fused, h],
    ['fused', 'fused', fused, fused],
  ] as const)('reads the fused state, carries the %s and passes the %s one', (carry, pass, carried, passed) => {
    const result = run({ carry, pass });
    for (const [found, expected] of [
      [result.read, fused],
      [result.carried, carried],
      [result.passed, passed],
    ] as const) {
      expect(found[0]).toBeCloseTo(expected, 12);
    }
  });

  it('applies a second SiLU under gateActivation silu, and none under none', () => {
    expect(run({ gateActivation: 'silu' }).read[0]).toBeCloseTo(h + 7 * silu(gate), 12);
  });

  it('uses the m nearest layers, and changes nothing without sources', () => {
    expect(run({}, [[100], [7]], 1)).toEqual(run({}, [[7]]));
    expect(run({}, [[10], [7]]).read[0]).toBeCloseTo(h + 17 * gate, 12);
    for (const result of [run({ stateNorm: 'rms' }, []), run({ stateNorm: 'rms' }, [[7]], 0)]) {
      expect(result).toEqual({ read: [h], carried: [h], passed: [h] });
    }
  });

  it('normalises over all entries of the fused state', () => {
    const two = { channels: 2, states: 1 };
    const normed = denseState([0, 0], { decay: [0, 0], drive: [3, 4] }, [[0, 0]], [3], {
      fusion: { gates: [{ down: [[1]], up: [[1], [1]] }], norm: [[1], [10]] },
      rule: rule({ stateNorm: 'rms' }),
      size: two,
    });
    const root = Math.sqrt((9 + 16) / 2);
    expect(distance([normed.read], [[3 / root, 40 / root]])).toBeLessThan(1e-14);
  });
});

const [width, inner, states] = [4, 3, 2];
const config: DenseMambaConfig = {
  layers: 3,
  deltaRank: 1,
  stateSize: states,
  epsilon: 1e-2,
  denseLayers: 2,
  readings: { ...plain, gateInput: 'normed' },
};

function layer(seed: number): MambaLayer {
  const row = (at: number, length: number) => numbers(seed + at, 1, length)[0]!;
  return {
    inputNorm: row(1, width),
    input: numbers(seed + 2, 2 * inner, width),
    convolution: numbers(seed + 3, inner, 2),
    selection: numbers(seed + 4, 1 + 2 * states, inner),
    delta: numbers(seed + 5, inner, 1),
    deltaBias: row(6, inner),
    aLog: numbers(seed + 7, inner, states),
    skip: row(8, inner),
    output: numbers(seed + 9, width, inner),
  };
}

const fusionOf = (seed: number, input = width): StateFusion => ({
  gates: [{ down: numbers(seed, 2, input), up: numbers(seed + 1, inner, 2) }],
});
const params: DenseMambaParameters = {
  embedding: numbers(1, 6, width),
  layers: [layer(100), { ...layer(200), fusion: fusionOf(250) }, { ...layer(300), fusion: fusionOf(350) }],
  finalNorm: numbers(2, 1, width)[0]!,
};
const tokens = [3, 1, 4, 1, 5];

describe('denseMamba', () => {
  const run = (readings: Partial<DenseMambaConfig['readings']>, ids = tokens, more: Partial<DenseMambaConfig> = {}) =>
    denseMamba(params, { ...config, ...more, readings: { ...config.readings, ...readings } }, ids);

  it('equals Mamba with m = 0, and differs otherwise', () => {
    const plainMamba = mamba(params, config, tokens);
    const none = run({}, tokens, { denseLayers: 0 });
    expect(none.logits).toEqual(plainMamba.logits);
    expect(none.layers.map(({ state }) => state)).toEqual(plainMamba.states);
    expect(distance(run({}).logits, plainMamba.logits)).toBeGreaterThan(1e-3);
  });

  it('with another carry has other states from the first token and other logits from the second; with another pass, from the third layer', () => {
    const [raw, fused] = [run({}), run({ carry: 'fused' })];
    expect(fused.logits[0]).toEqual(raw.logits[0]);
    expect(distance([fused.logits[1]!], [raw.logits[1]!])).toBeGreaterThan(1e-6);
    const first = (carry: 'raw' | 'fused') => run({ carry }, [3]).layers[1]!.state.scan;
    expect(distance(first('raw'), first('fused'))).toBeGreaterThan(1e-6);
    expect(run({ pass: 'fused' }).layers[1]!.state).toEqual(raw.layers[1]!.state);
    expect(distance(run({ pass: 'fused' }).logits, raw.logits)).toBeGreaterThan(1e-6);
  });

  it('has gates that read u under gateInput u', () => {
    const layers = params.layers.map((one, l) => (l === 0 ? one : { ...one, fusion: fusionOf(250 + l, inner) }));
    const reading = { ...config, readings: { ...config.readings, gateInput: 'u' as const } };
    expect(denseMamba({ ...params, layers }, reading, tokens).logits).toHaveLength(5);
    expect(() => denseMamba(params, reading, tokens)).toThrow('dot: 4 entries on the left and 3 on the right');
  });

  it.each([0, 1, 2, 5])('%s tokens, then the rest from their states, equal the whole run', (split) => {
    for (const carry of ['raw', 'fused'] as const) {
      const of = { ...config, readings: { ...config.readings, carry } };
      const whole = denseMamba(params, of, tokens);
      const first = denseMamba(params, of, tokens.slice(0, split));
      const left = first.layers.map(({ state }) => state);
      const rest = denseMamba(params, of, tokens.slice(split), left);
      expect([...first.logits, ...rest.logits]).toEqual(whole.logits);
      expect(rest.layers.map(({ state }) => state)).toEqual(whole.layers.map(({ state }) => state));
    }
  });
});

describe('denseSsmStack', () => {
  const ssm = (seed: number, fusion?: StateFusion) => ({
    a: numbers(seed, inner, states).map((row) => row.map((x) => -Math.abs(x) - 0.1)),
    b: numbers(seed + 1, inner, states),
    c: numbers(seed + 2, inner, states),
    delta: numbers(seed + 3, 1, inner)[0]!.map((x) => Math.abs(x) + 0.1),
    output: numbers(seed + 4, inner, inner),
    ...(fusion && { fusion }),
  });
  const layers = [ssm(10), ssm(20, fusionOf(25, inner))];
  const x = numbers(5, 4, inner);

  it('equals the formula for one token of one layer', () => {
    const [only] = layers as [(typeof layers)[number]];
    const y = only.a.map((row, e) =>
      row.reduce((total, rate, n) => {
        const held = ((Math.exp(only.delta[e]! * rate) - 1) / rate) * only.b[e]![n]!;
        return total + only.c[e]![n]! * held * x[0]![e]!;
      }, 0),
    );
    const expected = x[0]!.map((value, o) => value + only.output[o]!.reduce((sum, w, e) => sum + w * silu(y[e]!), 0));
    expect(distance(denseSsmStack([only], rule({}), x.slice(0, 1)).output, [expected])).toBeLessThan(1e-13);
  });

  it('continues from its states, and with another carry differs from the second token on', () => {
    for (const carry of ['raw', 'fused'] as const) {
      const whole = denseSsmStack(layers, rule({ carry }), x);
      const first = denseSsmStack(layers, rule({ carry }), x.slice(0, 1));
      const left = first.layers.map(({ state }) => state);
      const rest = denseSsmStack(layers, rule({ carry }), x.slice(1), left);
      expect([...first.output, ...rest.output]).toEqual(whole.output);
    }
    const [raw, fused] = (['raw', 'fused'] as const).map((carry) => denseSsmStack(layers, rule({ carry }), x).output);
    expect(raw![0]).toEqual(fused![0]);
    expect(distance([raw![1]!], [fused![1]!])).toBeGreaterThan(1e-6);
  });
});
