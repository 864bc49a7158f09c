/** @file The wiring of the networks against formulas for one token, where retention is (q · k) v. */
import { describe, expect, it } from 'vitest';
import {
  denseRetNet,
  dot,
  type FusionParameters,
  type Matrix,
  multiScaleRetention,
  retainBy,
  retNet,
  retNetFeedForward,
  rotate,
  silu,
  type Vector,
} from '../../spec/index.ts';
import { denseRetNetParameters, distance, numbers, retNetParameters, smallRetNet, withReadings } from './small.ts';

const times = (weight: Matrix, x: Vector) => weight.map((row) => row.reduce((total, w, i) => total + w * x[i]!, 0));
const norm = (x: Vector, epsilon: number, weight?: Vector) => {
  const root = Math.sqrt(x.reduce((total, y) => total + y * y, 0) / x.length + epsilon);
  return x.map((y, i) => ((weight?.[i] ?? 1) * y) / root);
};
const mix = (x: Vector, y: Vector, f: (a: number, b: number) => number) => x.map((a, i) => f(a, y[i]!));
const plus = (x: Vector, y: Vector) => mix(x, y, (a, b) => a + b);
const product = (x: Vector, y: Vector) => mix(x, y, (a, b) => a * b);
const heads = (x: Vector, width: number) => [x.slice(0, width), x.slice(width)] as const;

describe('the formulas for one token', () => {
  it.each(['raw', 'fused'] as const)('denseRetNet: three layers that use %s features of earlier layers', (pass) => {
    const epsilon = 1e-2;
    const config = { ...withReadings({ pass }), layers: 3, epsilon };
    const params = denseRetNetParameters(5, config);
    let s = params.embedding[3]!;
    const [oldKeys, oldValues] = [[], []] as [Vector[], Vector[]];
    for (const layer of params.layers) {
      const x = norm(s, epsilon, layer.inputNorm);
      const active = (weight: Matrix) => times(weight, x).map(silu);
      const fuse = (own: Vector, old: Vector[], fusion: FusionParameters | undefined) => {
        if (fusion === undefined) return own;
        const gate = times(fusion.gates[0]!.up, active(fusion.gates[0]!.down)).map(silu);
        return old.reduce((total, feature) => plus(total, product(feature, gate)), own);
      };
      const [k0, v0] = [active(layer.key).map((y) => y / 2), active(layer.value)];
      const [k, v] = [fuse(k0, oldKeys, layer.keyFusion), fuse(v0, oldValues, layer.valueFusion)];
      oldKeys.push(pass === 'raw' ? k0 : k);
      oldValues.push(pass === 'raw' ? v0 : v);
      const q = active(layer.query);
      const o = [0, 1].flatMap((h) => {
        const score = dot(heads(q, 4)[h]!, heads(k, 4)[h]!);
        return norm(
          heads(v, 5)[h]!.map((y) => score * y),
          epsilon,
          layer.groupNorm,
        );
      });
      s = plus(s, times(layer.output, product(o, active(layer.outputGate))));
    }
    const logits = times(params.head, norm(s, epsilon, params.finalNorm));
    expect(distance(denseRetNet(params, config, [3], retainBy.none), [logits])).toBeLessThan(1e-13);
  });

  it('retNet: retention, then the feed-forward block, each after its own norm', () => {
    const config = { ...smallRetNet, layers: 1, epsilon: 1e-2, residualScale: 1.5 };
    const params = retNetParameters(5, config);
    const layer = params.layers[0]!;
    let s = params.embedding[3]!.map((y) => Math.sqrt(8) * y);
    const x = norm(s, 1e-2, layer.inputNorm);
    const [q, k, v] = [times(layer.query, x), times(layer.key, x).map((y) => y / 2), times(layer.value, x)];
    const o = [0, 1].flatMap((h) => {
      const score = dot(heads(q, 4)[h]!, heads(k, 4)[h]!);
      return norm(
        heads(v, 3)[h]!.map((y) => score * y),
        1e-2,
      );
    });
    const y = times(layer.output, product(o, times(layer.outputGate, x).map(silu)));
    s = mix(s, y, (a, b) => 1.5 * a + b);
    s = mix(s, retNetFeedForward(layer.ffn, norm(s, 1e-2, layer.ffnNorm)), (a, b) => 1.5 * a + b);
    const logits = times(params.head ?? [], norm(s, 1e-2, params.finalNorm));
    expect(distance(retNet(params, config, [3], retainBy.none), [logits])).toBeLessThan(1e-13);
  });

  it('feed-forward: the activation is applied to `up`, not to `gate`', () => {
    expect(retNetFeedForward({ up: [[2]], gate: [[-3]], down: [[1], [8]] }, [1])).toEqual([
      -3 * silu(2),
      -24 * silu(2),
    ]);
  });
});

describe('several tokens', () => {
  it('rotates the query and the key of token p by p, and does not rotate values', () => {
    const [q, k, v] = [numbers(1, 4, 4), numbers(2, 4, 4), numbers(3, 4, 3)];
    const rows = q.map((query, t) => {
      const score = (s: number) => 0.96875 ** (t - s) * dot(rotate(query, t), rotate(k[s]!, s));
      return norm(
        v[0]!.map((_, e) => v.slice(0, t + 1).reduce((total, row, s) => total + score(s) * row[e]!, 0)),
        1e-3,
      );
    });
    const result = multiScaleRetention(q, k, v, { heads: 1, weight: null, epsilon: 1e-3 }, retainBy.none);
    expect(distance(result, rows)).toBeLessThan(1e-14);
  });
});
