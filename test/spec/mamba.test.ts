/** @file Mamba's wiring against formulas for one token, and against a sequence continued from its state. */
import { describe, expect, it } from 'vitest';
import { type MambaConfig, type MambaLayer, type MambaParameters, mamba, silu, softplus } from '../../spec/index.ts';
import { distance, numbers } from './small.ts';

const config: MambaConfig = { layers: 2, deltaRank: 2, stateSize: 3, epsilon: 1e-2 };
const [width, inner, taps] = [4, 5, 3];

function layer(seed: number, biased: boolean): MambaLayer {
  const row = (at: number, length: number) => numbers(seed + at, 1, length)[0]!;
  return {
    inputNorm: row(1, width),
    input: numbers(seed + 2, 2 * inner, width),
    convolution: numbers(seed + 3, inner, taps),
    selection: numbers(seed + 4, 2 + 2 * 3, inner),
    delta: numbers(seed + 5, inner, 2),
    deltaBias: row(6, inner),
    aLog: numbers(seed + 7, inner, 3),
    skip: row(8, inner),
    output: numbers(seed + 9, width, inner),
    ...(biased && { inputBias: row(10, 2 * inner), convolutionBias: row(11, inner), outputBias: row(12, width) }),
  };
}

const params = (biased: boolean): MambaParameters => ({
  embedding: numbers(1, 6, width),
  layers: [layer(100, biased), layer(200, biased)],
  finalNorm: numbers(2, 1, width)[0]!,
});

const times = (weight: readonly (readonly number[])[], x: readonly number[], bias?: readonly number[]) =>
  weight.map((row, o) => row.reduce((total, w, i) => total + w * x[i]!, bias?.[o] ?? 0));
const norm = (x: readonly number[], weight: readonly number[]) => {
  const root = Math.sqrt(x.reduce((total, y) => total + y * y, 0) / x.length + 1e-2);
  return x.map((y, i) => (weight[i]! * y) / root);
};

describe('mamba', () => {
  it.each([true, false])('equals the formulas for one token; biases: %s', (biased) => {
    const { embedding, layers, finalNorm } = params(biased);
    let s = embedding[3]!;
    const states = layers.map((weights) => {
      const projected = times(weights.input, norm(s, weights.inputNorm), weights.inputBias);
      const [x, z] = [projected.slice(0, inner), projected.slice(inner)];
      const u = x.map((value, e) =>
        silu(weights.convolution[e]![taps - 1]! * value + (weights.convolutionBias?.[e] ?? 0)),
      );
      const mapped = times(weights.selection, u);
      const step = times(weights.delta, mapped.slice(0, 2), weights.deltaBias).map(softplus);
      const [b, c] = [mapped.slice(2, 5), mapped.slice(5, 8)];
      const h = u.map((value, e) => b.map((entry) => step[e]! * entry * value));
      const y = h.map(
        (row, e) => (row.reduce((total, x, n) => total + x * c[n]!, 0) + weights.skip[e]! * u[e]!) * silu(z[e]!),
      );
      const branch = times(weights.output, y, weights.outputBias);
      s = s.map((value, i) => value + branch[i]!);
      return { window: [x.map(() => 0), x.map(() => 0), x], scan: h };
    });
    const result = mamba(params(biased), config, [3]);
    expect(distance(result.logits, [times(embedding, norm(s, finalNorm))])).toBeLessThan(1e-13);
    for (const [l, { window, scan }] of states.entries()) {
      expect(distance(result.states[l]!.window, window)).toBeLessThan(1e-13);
      expect(distance(result.states[l]!.scan, scan)).toBeLessThan(1e-13);
    }
  });

  it('lets the second token depend on the first only through the convolution and the scan', () => {
    const only = layer(100, true);
    const run = (change: Partial<MambaLayer>, tokens: readonly number[]) =>
      mamba({ ...params(true), layers: [{ ...only, ...change }] }, { ...config, layers: 1 }, tokens).logits.at(-1)!;
    const blind = { convolution: only.convolution.map((w) => [0, 0, w[2]!]) };
    const forgetful = { aLog: only.aLog.map((row) => row.map(() => Number.POSITIVE_INFINITY)) };
    const seen = (change: Partial<MambaLayer>) => distance([run(change, [3, 4])], [run(change, [4])]);
    expect(seen(blind)).toBeGreaterThan(1e-3);
    expect(seen(forgetful)).toBeGreaterThan(1e-3);
    expect(seen({ ...blind, ...forgetful })).toBe(0);
  });

  it.each([0, 1, 2, 3, 4, 5])('%s tokens, then the rest from their states, equal the whole run', (split) => {
    const tokens = [1, 5, 0, 2, 4];
    const whole = mamba(params(true), config, tokens);
    const first = mamba(params(true), config, tokens.slice(0, split));
    const rest = mamba(params(true), config, tokens.slice(split), first.states);
    expect([...first.logits, ...rest.logits]).toEqual(whole.logits);
    expect(rest.states).toEqual(whole.states);
  });
});
