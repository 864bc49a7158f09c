/** @file The Transformer: generation, its cache, its number of parameters, refused calls. */
import { describe, expect, it } from 'vitest';
import { f64, indices } from '../../src/executors/f64/index.ts';
import { generate } from '../../src/models/generate.ts';
import { checkParameters, countParameters, initialise } from '../../src/models/language-model.ts';
import { type TransformerConfig, transformer, transformerConfig } from '../../src/models/transformer.ts';
import { read } from '../../src/tensor/input.ts';
import { leavesOf } from '../../src/tensor/tree.ts';
import { refuses, untyped } from '../support/refusals.ts';
import { drawnPrompt } from './small-models.ts';

const config = transformerConfig({ vocabulary: 11, width: 12, heads: 3, layers: 2 });
const params = initialise(transformer, config, { on: f64, seed: 3, spread: 0.5 });

describe('transformer', () => {
  it('generates the same tokens as runs over the whole sequence, with every mode for the prompt', () => {
    const prompt = drawnPrompt(2, 5, config.vocabulary, 1);
    const rows = prompt.map((row) => [...row]);
    for (let step = 0; step < 6; step++) {
      for (const row of rows) {
        const state = transformer.start(params, config, 1);
        const { logits } = transformer.forward(params, config, indices([row]), state, { name: 'parallel' });
        const last = read(logits).slice(-config.vocabulary);
        row.push(last.indexOf(Math.max(...last)));
      }
    }
    const expected = rows.map((row) => row.slice(5));
    expect(new Set(expected.flat()).size).toBeGreaterThan(2);
    for (const mode of [{ name: 'parallel' }, { name: 'recurrent' }, { name: 'chunkwise', chunkSize: 2 }] as const) {
      expect(generate(transformer, params, config, prompt, { steps: 6, mode })).toEqual(expected);
    }
  });

  it('has a cache that grows by one row per token', () => {
    let state = transformer.start(params, config, 2);
    for (const [t, length] of [
      [3, 3],
      [1, 4],
      [2, 6],
    ] as const) {
      const tokens = indices(drawnPrompt(2, t, config.vocabulary, t));
      state = transformer.forward(params, config, tokens, state, { name: 'parallel' }).state;
      expect(state.position).toBe(length);
      expect(leavesOf(state.layers).map(({ shape }) => shape)).toEqual(Array(4).fill([2, 3, length, 4]));
    }
  });

  it('counts its parameters: 2 V h + L (4 h² + 3 F h + 2 h) + h, minus V h with a tied head', () => {
    const [V, h, F, L] = [11, 12, 32, 2];
    const all = 2 * V * h + L * (4 * h * h + 3 * F * h + 2 * h) + h;
    expect(countParameters(transformer, config)).toBe(all);
    expect(countParameters(transformer, { ...config, tiedHead: true })).toBe(all - V * h);
  });
});

describe('a Transformer is refused', () => {
  const check = (change: Partial<Record<keyof TransformerConfig, unknown>>) => () =>
    transformer.check({ ...config, ...change } as TransformerConfig);
  refuses([
    [
      check({ heads: 5 }),
      'transformer: width 12 with 5 heads; it must be a multiple of 10, as rotation pairs channels',
    ],
    [check({ layers: 0 }), 'transformer: layers is 0; it must be an integer of at least 1'],
    [check({ rotaryBase: 0 }), 'transformer: rotaryBase is 0; it is a finite number of at least 1, 10000 in LLaMA'],
    [check({ epsilon: 2 }), 'transformer: epsilon is 2; it lies in [0, 1)'],
    [check({ tiedHead: 'yes' }), "transformer: tiedHead is 'yes'; choose false or true"],
    [check({ scoreScaling: 'sqrt' }), "transformer: scoreScaling is 'sqrt'; choose 'none' or 'rootKeyWidth'"],
    [
      () => checkParameters(transformer, params, { ...config, tiedHead: true }),
      'transformer: parameter head, [11, 12], has no place in this configuration; change one of them',
    ],
    [
      () =>
        transformer.forward(params, config, indices([[1]]), untyped({ position: 0, layers: [] }), { name: 'parallel' }),
      'transformer: a state of 0 layers for a model of 2; give what its start or forward returned',
    ],
  ]);
});
