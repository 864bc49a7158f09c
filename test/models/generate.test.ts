/** @file Generation: greedy and sampled tokens, seeds, stop tokens, prompts, refused calls. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, float64 } from '../../src/executors/bounded/index.ts';
import { f64, indices, tensor } from '../../src/executors/f64/index.ts';
import { denseRetNet } from '../../src/models/dense-retnet.ts';
import { authorsReadings, paperReadings } from '../../src/models/dense-retnet-config.ts';
import { type GenerateOptions, generate } from '../../src/models/generate.ts';
import { initialise } from '../../src/models/language-model.ts';
import { type RetNetConfig, retNet } from '../../src/models/retnet.ts';
import { indexInput, read } from '../../src/tensor/input.ts';
import { leavesOf } from '../../src/tensor/tree.ts';
import type { Executor } from '../../src/tensor/value.ts';
import { cases } from '../support/property.ts';
import { drawnModel, drawnPrompt } from './small-models.ts';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });

/** The most probable next token of each sequence, by one recurrent run over the whole sequence. */
function greedyNext({ config, params }: ReturnType<typeof drawnModel>, rows: readonly (readonly number[])[]): number[] {
  return rows.map((row) => {
    const state = denseRetNet.start(params, config, 1);
    const { logits } = denseRetNet.forward(params, config, indices([[...row]]), state, { name: 'recurrent' });
    const last = read(logits).slice(-config.vocabulary);
    return last.indexOf(Math.max(...last));
  });
}

describe('generate', () => {
  it('by default picks the most probable token, as runs over the whole sequence do', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(paperReadings, authorsReadings), (seed, readings) => {
        const model = drawnModel(seed, readings);
        const prompt = drawnPrompt(2, 4, model.config.vocabulary, seed);
        const rows = prompt.map((row) => [...row]);
        for (let step = 0; step < 4; step++) greedyNext(model, rows).forEach((token, i) => void rows[i]!.push(token));
        const generated = generate(denseRetNet, model.params, model.config, prompt, { steps: 4 });
        expect(generated).toEqual(rows.map((row) => row.slice(4)));
      }),
      cases(25),
    );
  });

  it('gives the same greedy tokens with every mode for the prompt, in the paper’s readings', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 8 }), (seed, chunkSize) => {
        const { params, config } = drawnModel(seed, paperReadings);
        const prompt = drawnPrompt(2, 7, config.vocabulary, seed);
        const tokens = (mode: GenerateOptions['mode'] & object): number[][] =>
          generate(denseRetNet, params, config, prompt, { steps: 5, mode });
        const expected = tokens({ name: 'recurrent' });
        expect(tokens({ name: 'parallel' })).toEqual(expected);
        expect(tokens({ name: 'chunkwise', chunkSize })).toEqual(expected);
      }),
      cases(25),
    );
  });

  it('gives equal tokens for equal seeds, and different tokens for different seeds', () => {
    const { params, config } = drawnModel(3, paperReadings);
    const draw = (seed?: number): string =>
      String(
        generate(denseRetNet, params, config, [[1, 2]], {
          steps: 30,
          temperature: 2,
          ...(seed !== undefined && { seed }),
        }),
      );
    expect(draw(1)).toBe(draw(1));
    expect(draw()).toBe(draw(0));
    expect(new Set(Array.from({ length: 20 }, (_, seed) => draw(seed))).size).toBe(20);
  });

  it('gives each sequence its own random stream, independent of the other sequences', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 2 }), (seed, kept) => {
        const { params, config } = drawnModel(seed, authorsReadings);
        const draw = (prompt: number[][], from: number): number[][] =>
          generate(denseRetNet, params, config, prompt, { steps: 6, temperature: 1.5, topK: 5, topP: 0.9, seed: from });
        const [one, other] = [1, 2].map((k) => drawnPrompt(3, 3, config.vocabulary, seed + k)) as [
          number[][],
          number[][],
        ];
        const mixed = other.map((row, i) => (i === kept ? one[i]! : row));
        const whole = draw(one, seed);
        expect(draw(mixed, seed)[kept]).toEqual(whole[kept]);
        expect(draw([one[kept]!], seed + kept)).toEqual([whole[kept]]);
        expect(draw(one.slice(0, 2), seed)).toEqual(whole.slice(0, 2));
      }),
      cases(25),
    );
    // equal prompts in a batch get different tokens
    const { params, config } = drawnModel(3, paperReadings);
    const [a, b] = generate(denseRetNet, params, config, [[1], [1]], { steps: 20, temperature: 2 });
    expect(a).not.toEqual(b);
  });

  it('ends a sequence after its stop token, and continues the others', () => {
    const { params, config } = drawnModel(5, paperReadings);
    const prompt = drawnPrompt(4, 3, config.vocabulary, 5);
    const options = { steps: 25, temperature: 3, seed: 2 };
    const free = generate(denseRetNet, params, config, prompt, options);
    for (let stopAt = 0; stopAt < config.vocabulary; stopAt++) {
      const stopped = generate(denseRetNet, params, config, prompt, { ...options, stopAt });
      const cut = free.map((row) => (row.includes(stopAt) ? row.slice(0, row.indexOf(stopAt) + 1) : row));
      expect(stopped).toEqual(cut);
    }
  });

  it('accepts the prompt as an index value, and returns no token for 0 steps', () => {
    const { params, config } = drawnModel(7, authorsReadings);
    const prompt = drawnPrompt(2, 3, config.vocabulary, 7);
    const run = (given: Parameters<typeof generate>[3], steps: number): number[][] =>
      generate(denseRetNet, params, config, given, { steps });
    expect(run(indices(prompt), 4)).toEqual(run(prompt, 4));
    expect(run(prompt, 0)).toEqual([[], []]);
  });

  it('runs on the executor of the parameters', () => {
    const on = bounded(float64) as Executor;
    const here = drawnModel(9, paperReadings);
    const there = drawnModel(9, paperReadings, { on });
    const prompt = drawnPrompt(2, 3, here.config.vocabulary, 9);
    const options = { steps: 5, temperature: 1 };
    const expected = generate(denseRetNet, here.params, here.config, prompt, options);
    expect(generate(denseRetNet, there.params, there.config, prompt, options)).toEqual(expected);
    const value = indexInput(on, prompt.flat(), [2, 3]);
    expect(generate(denseRetNet, there.params, there.config, value, options)).toEqual(expected);
  });

  it('works for RetNet too', () => {
    const config: RetNetConfig = {
      vocabulary: 9,
      width: 8,
      heads: 2,
      valueWidth: 8,
      ffnWidth: 12,
      layers: 2,
      epsilon: 1e-6,
      embeddingScale: Math.sqrt(8),
      residualScale: 1,
      retentionNorm: 'decay',
      rotationPhase: 'p',
    };
    const params = initialise(retNet, config, { on: f64, seed: 1, spread: 0.5 });
    const tokens = (mode: GenerateOptions['mode'] & object) =>
      generate(retNet, params, config, [[1, 2, 3]], { steps: 8, mode });
    expect(tokens({ name: 'parallel' })).toEqual(tokens({ name: 'recurrent' }));
    expect(tokens({ name: 'parallel' })[0]).toHaveLength(8);
  });

  it('mutates none of its arguments', () => {
    const { params, config } = drawnModel(11, paperReadings);
    const prompt = Object.freeze(drawnPrompt(2, 3, config.vocabulary, 11).map((row) => Object.freeze(row)));
    const options = Object.freeze({ steps: 3, temperature: 1, mode: Object.freeze({ name: 'parallel' as const }) });
    const before = leavesOf(params).map((x) => read(x));
    generate(denseRetNet, params, Object.freeze(config), prompt, options);
    expect(leavesOf(params).map((x) => read(x))).toEqual(before);
  });
});

describe('generate refuses', () => {
  const { params, config } = drawnModel(1, paperReadings);
  const v = config.vocabulary;
  const run = (prompt: Parameters<typeof generate>[3], options: Partial<GenerateOptions> = {}) => {
    return () => generate(denseRetNet, params, config, prompt, { steps: 1, ...options });
  };

  it.each<[string, Partial<GenerateOptions>, string]>([
    ['steps below 0', { steps: -1 }, 'generate: steps is -1; it is an integer ≥ 0'],
    ['half a step', { steps: 0.5 }, 'generate: steps is 0.5'],
    ['infinite steps', { steps: Infinity }, 'generate: steps is Infinity'],
    ['an invalid seed', { seed: 0.5 }, 'rng: the seed is 0.5'],
    ['a stop token outside the vocabulary', { stopAt: v }, `generate: stopAt is ${v}; it is a token of the vocabulary`],
    ['a stop token below 0', { stopAt: -1 }, 'generate: stopAt is -1'],
    ['a temperature below 0', { temperature: -0.1 }, 'sampling: the temperature is -0.1'],
    ['topK 0', { topK: 0 }, 'sampling: topK is 0'],
    ['topP 0', { topP: 0 }, 'sampling: topP is 0'],
    ['empty chunks', { mode: { name: 'chunkwise', chunkSize: 0 } }, 'a chunk is an integer ≥ 1'],
    ['an unknown mode', { mode: { name: 'serial' } as never }, "unknown mode 'serial'"],
  ])('%s', (_, options, message) => {
    expect(run([[1]], options)).toThrow(message);
  });

  it.each<[string, Parameters<typeof generate>[3], string]>([
    ['no sequences', [], 'generate: the prompt has shape [0, 0]'],
    ['sequences without tokens', [[], []], 'generate: the prompt has shape [2, 0]'],
    ['ragged sequences', [[1, 2], [1]], 'sequence 1 of the prompt has 1 tokens, sequence 0 has 2'],
    ['a token outside the vocabulary', [[1, v]], `token 1 of sequence 0 of the prompt is ${v}; the vocabulary is 0 to`],
    ['a token below 0', [[1], [-1]], 'token 0 of sequence 1 of the prompt is -1'],
    ['half a token', [[0.5]], 'token 0 of sequence 0 of the prompt is 0.5'],
    ['a value outside the vocabulary', indices([[0, v]]), `token 1 of sequence 0 of the prompt is ${v}`],
    ['real numbers', tensor([[1, 2]]), 'of kind real and shape [1, 2]; it is an index value [b, t]'],
    ['one row without a batch', indices([1, 2]), 'of kind index and shape [2]; it is an index value [b, t]'],
  ])('a prompt of %s', (_, prompt, message) => {
    expect(run(prompt)).toThrow(message);
  });

  it('an invalid configuration', () => {
    const wrong = { ...config, heads: 0 };
    expect(() => generate(denseRetNet, params, wrong, [[1]], { steps: 1 })).toThrow('heads is 0');
  });
});
