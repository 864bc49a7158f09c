import { describe, expect, it } from 'vitest';
import {
  type Matrix,
  rotatePairs,
  silu,
  softmax,
  type TransformerConfig,
  type TransformerParameters,
  transformer,
  usualRotaryFrequencies,
  type Vector,
} from '../../spec/index.ts';
import { distance, numbers } from './small.ts';

const small: TransformerConfig = {
  vocabulary: 7,
  width: 8,
  heads: 2,
  ffnWidth: 5,
  layers: 3,
  epsilon: 1e-2,
  rotaryBase: 10000,
  rotaryPairs: 'halves',
  scoreScaling: 'rootKeyWidth',
};
const tokens = [3, 0, 6, 6, 1, 2, 5];

function parameters(seed: number, { vocabulary, width, ffnWidth, layers }: TransformerConfig): TransformerParameters {
  const layer = (at: number) => ({
    inputNorm: numbers(at + 1, 1, width)[0]!,
    query: numbers(at + 2, width, width),
    key: numbers(at + 3, width, width),
    value: numbers(at + 4, width, width),
    output: numbers(at + 5, width, width),
    ffnNorm: numbers(at + 6, 1, width)[0]!,
    ffn: {
      gate: numbers(at + 7, ffnWidth, width),
      up: numbers(at + 8, ffnWidth, width),
      down: numbers(at + 9, width, ffnWidth),
    },
  });
  return {
    embedding: numbers(seed + 1, vocabulary, width),
    layers: Array.from({ length: layers }, (_, l) => layer(seed + 1000 * (l + 1))),
    finalNorm: numbers(seed + 2, 1, width)[0]!,
    head: numbers(seed + 3, vocabulary, width),
  };
}

const params = parameters(1, small);
const run = (config: TransformerConfig, of = params) => transformer(of, config, tokens).logits;

describe('transformer', () => {
  it('equals the formulas for two tokens and one layer', () => {
    const config = { ...small, layers: 1 };
    const [layer] = params.layers;
    const times = (weight: Matrix, x: Vector) => weight.map((row) => row.reduce((sum, w, i) => sum + w * x[i]!, 0));
    const norm = (x: Vector, weight: Vector) => {
      const root = Math.sqrt(x.reduce((sum, y) => sum + y * y, 0) / x.length + 1e-2);
      return x.map((y, i) => (weight[i]! * y) / root);
    };
    const plus = (x: Vector, y: Vector) => x.map((a, i) => a + y[i]!);
    const inner = (x: Vector, y: Vector) => x.reduce((sum, a, i) => sum + a * y[i]!, 0);
    const stream = [3, 0].map((token) => params.embedding[token]!);
    const x = stream.map((s) => norm(s, layer!.inputNorm));
    const head = (weight: Matrix, t: number, a: number) => times(weight, x[t]!).slice(4 * a, 4 * a + 4);
    const turned = (weight: Matrix, t: number, a: number) =>
      rotatePairs(head(weight, t, a), t, usualRotaryFrequencies(4), 'halves');
    const logits = [0, 1].map((t) => {
      const sideBySide = [0, 1].flatMap((a) => {
        const scores = [0, 1]
          .slice(0, t + 1)
          .map((i) => inner(turned(layer!.query, t, a), turned(layer!.key, i, a)) / 2);
        return softmax(scores)
          .map((share, i) => head(layer!.value, i, a).map((y) => share * y))
          .reduce(plus);
      });
      const s = plus(stream[t]!, times(layer!.output, sideBySide));
      const z = norm(s, layer!.ffnNorm);
      const gate = times(layer!.ffn.gate, z).map(silu);
      const hidden = times(layer!.ffn.up, z).map((y, i) => gate[i]! * y);
      return times(params.head!, norm(plus(s, times(layer!.ffn.down, hidden)), params.finalNorm));
    });
    const result = transformer({ ...params, layers: [layer!] }, config, [3, 0]);
    expect(distance(result.logits, logits)).toBeLessThan(1e-13);
  });

  it('is causal', () => {
    expect(transformer(params, small, tokens.slice(0, 4)).logits).toEqual(run(small).slice(0, 4));
  });

  it('continues from its caches: tokens [0, s), then [s, T), equal the whole run', () => {
    const whole = transformer(params, small, tokens);
    for (let s = 0; s <= tokens.length; s++) {
      const first = transformer(params, small, tokens.slice(0, s));
      const rest = transformer(params, small, tokens.slice(s), first.caches);
      expect([...first.logits, ...rest.logits]).toEqual(whole.logits);
      expect(rest.caches).toEqual(whole.caches);
    }
  });

  it('has one cache per layer and head, with a row per token', () => {
    const { caches } = transformer(params, small, tokens);
    expect(caches.map((heads) => heads.map(({ keys, values }) => [keys.length, values.length]))).toEqual(
      [0, 1, 2].map(() => [0, 1].map(() => [7, 7])),
    );
  });

  it('uses the embedding for the read-out if it has no head', () => {
    const { head, ...tied } = params;
    expect(run(small, tied)).toEqual(run(small, { ...params, head: params.embedding }));
    expect(distance(run(small, tied), run(small))).toBeGreaterThan(0.01);
  });

  it.each([
    { rotaryPairs: 'neighbours' },
    { rotaryBase: 100 },
    { scoreScaling: 'none' },
    { heads: 4 },
    { epsilon: 1 },
  ] as const)('gives other results under %o', (change) => {
    expect(distance(run({ ...small, ...change }), run(small))).toBeGreaterThan(1e-3);
  });

  it('pairs channels in two ways, equal after a permutation of the rows of W_q and W_k', () => {
    // moves channel 2j of a head to j, and channel 2j + 1 to j + P
    const order = [0, 4].flatMap((head) => [0, 2, 1, 3].map((c) => head + c));
    const halves = (weight: Matrix) => order.map((row) => weight[row]!);
    const layers = params.layers.map((layer) => ({ ...layer, query: halves(layer.query), key: halves(layer.key) }));
    const neighbours = run({ ...small, rotaryPairs: 'neighbours' });
    expect(distance(run(small, { ...params, layers }), neighbours)).toBeLessThan(1e-13);
  });
});
