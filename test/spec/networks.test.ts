import { describe, expect, it } from 'vitest';
import {
  type DenseRetNetConfig,
  decayNormalised,
  denseRetNet,
  type Matrix,
  type Retain,
  retainBy,
  retNet,
  rotate,
  torchscaleChunkwise,
  torchscaleParallel,
} from '../../spec/index.ts';
import { denseRetNetParameters, distance, retNetParameters, smallConfig, smallRetNet, withReadings } from './small.ts';

const tokens = [3, 0, 6, 6, 1, 2, 5];
const plain = retainBy.none;
const run = (config: DenseRetNetConfig, seed = 1) =>
  denseRetNet(denseRetNetParameters(seed, config), config, tokens, plain);

describe('denseRetNet', () => {
  it('gives one row of logits per token', () => {
    const logits = run(smallConfig);
    expect(logits.map((row) => row.length)).toEqual(tokens.map(() => smallConfig.vocabulary));
    expect(logits.flat().every(Number.isFinite)).toBe(true);
    const params = denseRetNetParameters(1, smallConfig);
    expect(denseRetNet(params, smallConfig, [], plain)).toEqual([]);
  });

  it('is causal', () => {
    const params = denseRetNetParameters(1, smallConfig);
    const [whole, start] = [tokens, tokens.slice(0, 4)].map((ids) => denseRetNet(params, smallConfig, ids, plain));
    expect(whole!.slice(0, 4)).toEqual(start);
  });

  it('uses features of earlier layers with m > 0, and none with m = 0', () => {
    const none = { ...smallConfig, denseLayers: 0 };
    const zeroRank = { ...smallConfig, gateRank: 0 };
    expect(distance(run(smallConfig), run(none))).toBeGreaterThan(0.01);
    expect(run(zeroRank)).toEqual(run(none));
  });

  it('uses all earlier layers if m exceeds their number', () => {
    expect(distance(run({ ...smallConfig, denseLayers: 3 }), run({ ...smallConfig, denseLayers: 2 }))).toBeGreaterThan(
      0.01,
    );
    expect(run({ ...smallConfig, denseLayers: 9 })).toEqual(run({ ...smallConfig, denseLayers: 3 }));
  });

  it('passes raw or fused features, which differ from the third layer on', () => {
    const fused = withReadings({ pass: 'fused' });
    const two = (config: DenseRetNetConfig) => run({ ...config, layers: 2 });
    expect(two(fused)).toEqual(two(smallConfig));
    const three = (config: DenseRetNetConfig) => run({ ...config, layers: 3 });
    expect(distance(three(fused), three(smallConfig))).toBeGreaterThan(0.01);
  });

  it('has a linear projection that reduces to the identity', () => {
    const config = withReadings({ projection: 'linear' });
    const params = denseRetNetParameters(1, config);
    const eye = (w: number): Matrix =>
      Array.from({ length: w }, (_, i) => Array.from({ length: w }, (_, j) => +(i === j)));
    const toIdentity = (maps: readonly Matrix[] | undefined) => (maps ?? []).map((map) => eye(map.length));
    const layers = params.layers.map((layer) => {
      if (layer.keyFusion === undefined || layer.valueFusion === undefined) return layer;
      const keyFusion = { ...layer.keyFusion, projections: toIdentity(layer.keyFusion.projections) };
      return {
        ...layer,
        keyFusion,
        valueFusion: { ...layer.valueFusion, projections: toIdentity(layer.valueFusion.projections) },
      };
    });
    expect(denseRetNet({ ...params, layers }, config, tokens, plain)).toEqual(run(smallConfig));
    expect(distance(run(config), run(smallConfig))).toBeGreaterThan(0.01);
  });

  it('has gates per layer that reduce to a shared one', () => {
    const config = withReadings({ gate: 'perLayer' });
    const shared = denseRetNetParameters(1, smallConfig);
    const layers = shared.layers.map((layer) => {
      if (layer.keyFusion === undefined || layer.valueFusion === undefined) return layer;
      const twice = { keyFusion: { gates: [0, 0].map(() => layer.keyFusion!.gates[0]!) } };
      return { ...layer, ...twice, valueFusion: { gates: [0, 0].map(() => layer.valueFusion!.gates[0]!) } };
    });
    expect(denseRetNet({ ...shared, layers }, config, tokens, plain)).toEqual(run(smallConfig));
    expect(distance(run(config), run(smallConfig))).toBeGreaterThan(0.01);
  });

  it('normalises fused features under fusedNorm rms, and those of layer 0 under firstLayer normed', () => {
    const rms = withReadings({ fusedNorm: 'rms' });
    expect(distance(run(rms), run(smallConfig))).toBeGreaterThan(0.01);
    const first = { layers: 1, denseLayers: 0 };
    expect(run({ ...rms, ...first })).toEqual(run({ ...smallConfig, ...first }));
    const normed = withReadings({ fusedNorm: 'rms', firstLayer: 'normed' });
    expect(distance(run({ ...normed, ...first }), run({ ...rms, ...first }))).toBeGreaterThan(0.01);
    expect(run(withReadings({ firstLayer: 'normed' }))).toEqual(run(smallConfig));
  });

  it.each(['decay', 'torchscale'] as const)(
    'does not depend on the normaliser %s if ε = 0, and depends on it otherwise',
    (name) => {
      for (const [epsilon, low, high] of [
        [0, 0, 1e-11],
        [1e-3, 1e-6, 1],
      ] as const) {
        const config = { ...smallConfig, epsilon };
        const params = denseRetNetParameters(1, config);
        const apart = distance(run(config), denseRetNet(params, config, tokens, retainBy[name]));
        expect(apart).toBeGreaterThanOrEqual(low);
        expect(apart).toBeLessThan(high);
      }
    },
  );

  it('gives the same outputs for rotations by p and by p - 1', () => {
    const earlier: Retain = (q, k, v, gamma) => {
      const back = (x: Matrix) => x.map((row) => rotate(row, -1));
      return decayNormalised(back(q), back(k), v, gamma);
    };
    const params = denseRetNetParameters(1, smallConfig);
    const [p, before] = [decayNormalised, earlier].map((retain) => denseRetNet(params, smallConfig, tokens, retain));
    expect(distance(p!, before!)).toBeLessThan(1e-12);
  });

  it('treats the padding token like any other token', () => {
    expect(run({ ...smallConfig, padToken: 0 })).toEqual(run(smallConfig));
  });

  it('refuses a token outside the vocabulary', () => {
    const params = denseRetNetParameters(1, smallConfig);
    expect(() => denseRetNet(params, smallConfig, [1, 7], plain)).toThrow('embedding of token 7 (vocabulary 7)');
  });
});

describe('retNet', () => {
  const ids = [3, 0, 4, 4, 1, 2, 0, 3];
  const modes: [string, Retain][] = [
    ['decay', decayNormalised],
    ['torchscale', torchscaleParallel],
    ...[1, 3, 8, 9].map((chunk): [string, Retain] => [`chunks of ${chunk}`, torchscaleChunkwise(chunk)]),
  ];

  it.each(modes)('gives equal logits in every mode if ε = 0: %s', (_, retain) => {
    const config = { ...smallRetNet, epsilon: 0 };
    const params = retNetParameters(1, config);
    expect(distance(retNet(params, config, ids, retain), retNet(params, config, ids, plain))).toBeLessThan(1e-11);
  });

  it('is causal', () => {
    const params = retNetParameters(1, smallRetNet);
    const whole = retNet(params, smallRetNet, ids, plain);
    expect(whole.slice(0, 3)).toEqual(retNet(params, smallRetNet, ids.slice(0, 3), plain));
  });

  it('scales embeddings and the residual stream', () => {
    const params = retNetParameters(1, smallRetNet);
    const base = retNet(params, smallRetNet, ids, plain);
    for (const change of [{ embeddingScale: 1 }, { residualScale: 4 ** 0.25 }]) {
      expect(distance(base, retNet(params, { ...smallRetNet, ...change }, ids, plain))).toBeGreaterThan(0.01);
    }
  });

  it('without layers is the embedding and the read-out', () => {
    const config = { ...smallRetNet, layers: 0, epsilon: 0 };
    const params = retNetParameters(1, config);
    const doubled = { ...config, embeddingScale: 2 * config.embeddingScale };
    expect(distance(retNet(params, config, ids, plain), retNet(params, doubled, ids, plain))).toBeLessThan(1e-14);
  });
});
