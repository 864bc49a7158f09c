/** @file Mamba in use: initial weights, prompts in parts, generation, refused configurations. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grad } from '../../src/autograd/vjp.ts';
import { bounded, boundOf, float64 } from '../../src/executors/bounded/index.ts';
import { f64, indices } from '../../src/executors/f64/index.ts';
import { generate } from '../../src/models/generate.ts';
import {
  checkParameters,
  countParameters,
  initialise,
  type ModelResult,
  type ModelState,
} from '../../src/models/language-model.ts';
import { type MambaParams, mamba } from '../../src/models/mamba.ts';
import type { MambaLayerState } from '../../src/models/mamba-block.ts';
import { embeddingRows, type MambaConfig, mambaConfig } from '../../src/models/mamba-config.ts';
import { crossEntropy, nextTokenTargets, predictingRows } from '../../src/nn/cross-entropy.ts';
import type { Mode } from '../../src/nn/mode.ts';
import { indexInput, read } from '../../src/tensor/input.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { softplus } from '../../src/tensor/primitives/softplus.ts';
import { rng } from '../../src/tensor/random.ts';
import { namedLeavesOf } from '../../src/tensor/tree.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { cases } from '../support/property.ts';
import { refuses } from '../support/refusals.ts';
import { drawnPrompt, modes, recurrent } from './small-models.ts';

const small = (change: Partial<MambaConfig> = {}): MambaConfig =>
  mambaConfig({ vocabulary: 11, width: 6, layers: 2, stateSize: 3, vocabularyMultiple: 4, ...change });

interface Run {
  readonly config: MambaConfig;
  readonly params: MambaParams;
  readonly tokens: Value;
}

/** Draws a Mamba of one or two layers, and a prompt of b sequences of t tokens. */
function drawnRun(seed: number, on: Executor, b: number, t: number): Run {
  const random = rng(seed);
  const config = small({
    layers: 1 + random.integer(2),
    innerWidth: 3 + random.integer(4),
    deltaRank: 1 + random.integer(3),
    convolutionWidth: 1 + random.integer(5),
    convolutionBias: random.integer(2) === 0,
    projectionBias: random.integer(2) === 0,
  });
  const params = initialise(mamba, config, { on, seed, spread: 1 });
  return { config, params, tokens: indexInput(on, drawnPrompt(b, t, config.vocabulary, seed).flat(), [b, t]) };
}

const start = ({ config, params, tokens }: Run): ModelState<MambaLayerState> =>
  mamba.start(params, config, tokens.shape[0]!);

/** Runs the tokens in parts, each in its own mode and from the state of the previous part. */
function inParts(run: Run, parts: readonly (readonly [tokens: number, Mode])[]): ModelResult<MambaLayerState> {
  const logits: Value[] = [];
  let state = start(run);
  let at = 0;
  for (const [count, mode] of parts) {
    const result = mamba.forward(run.params, run.config, slice(run.tokens, 1, at, at + count), state, mode);
    logits.push(result.logits);
    state = result.state;
    at += count;
  }
  return { logits: concat(logits, 1), state };
}

function expectEqual(a: ModelResult<MambaLayerState>, b: ModelResult<MambaLayerState>): void {
  expect(a.state.position).toBe(b.state.position);
  const numbers = ({ logits, state }: ModelResult<MambaLayerState>) => namedLeavesOf({ logits, layers: state.layers });
  const others = new Map(numbers(b));
  for (const [path, x] of numbers(a)) {
    const y = others.get(path)!;
    const allowed = boundOf(x).map((bound, i) => bound + boundOf(y)[i]!);
    const wrong = read(x).findIndex((number, i) => !(Math.abs(number - read(y)[i]!) <= allowed[i]!));
    expect(wrong, path).toBe(-1);
    expect(Math.max(...allowed), path).toBeLessThan(1e-6);
  }
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const length = 14;
const prefills = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), modes), { minLength: 1, maxLength: 3 });

describe('a prompt', () => {
  it('run in parts of any length and mode, then token by token, equals the whole run', () => {
    const on = bounded(float64) as Executor;
    fc.assert(
      fc.property(seeds, prefills, (seed, prefill) => {
        const run = drawnRun(seed, on, 2, length);
        const tokensIn = (pieces: readonly (readonly [number, Mode])[]) =>
          pieces.reduce((sum, [count]) => sum + count, 0);
        const fitting = prefill.filter((_, i) => tokensIn(prefill.slice(0, i + 1)) < length);
        const steps = Array.from({ length: length - tokensIn(fitting) }, (): [number, Mode] => [1, recurrent]);
        expectEqual(inParts(run, [...fitting, ...steps]), inParts(run, [[length, recurrent]]));
      }),
      cases(60),
    );
  });

  it('shorter than the convolution keeps earlier tokens in the window', () => {
    const config = small({ convolutionWidth: 4, layers: 1 });
    const run: Run = {
      config,
      params: initialise(mamba, config, { on: f64, seed: 1 }),
      tokens: indices([[1, 2, 3, 4, 5]]),
    };
    const windows = [2, 1, 1, 1].map((_, i, all) => {
      const parts = all.slice(0, i + 1).map((count): [number, Mode] => [count, { name: 'parallel' }]);
      return inParts(run, parts).state.layers[0]!.conv;
    });
    const rows = windows.map((window) =>
      Array.from({ length: 4 }, (_, k) => [...read(slice(window, 1, k, k + 1))].join()),
    );
    const nothing = Array.from({ length: 12 }, () => 0).join();
    expect(rows[0]!.slice(0, 2)).toEqual([nothing, nothing]);
    for (const [i, row] of rows.slice(1).entries()) expect(row.slice(0, 3)).toEqual(rows[i]!.slice(1));
    expect(new Set(rows[3]).size).toBe(4);
  });

  it('without tokens leaves the state unchanged', () => {
    const run = drawnRun(5, f64, 2, 3);
    const [some, none] = [
      inParts(run, [[3, recurrent]]),
      inParts(run, [
        [3, recurrent],
        [0, { name: 'parallel' }],
      ]),
    ];
    expect(none.state.layers.map(({ ssm, conv }) => [read(ssm), read(conv)])).toEqual(
      some.state.layers.map(({ ssm, conv }) => [read(ssm), read(conv)]),
    );
  });
});

describe('generate', () => {
  it('gives the same tokens with every mode for the prompt', () => {
    fc.assert(
      fc.property(seeds, modes, (seed, mode) => {
        const { params, config } = drawnRun(seed, f64, 1, 1);
        const prompt = drawnPrompt(2, 7, config.vocabulary, seed);
        const expected = generate(mamba, params, config, prompt, { steps: 5 });
        expect(generate(mamba, params, config, prompt, { steps: 5, mode })).toEqual(expected);
      }),
      cases(20),
    );
  });

  it('never draws a padding row of the vocabulary, even with the largest logit', () => {
    const config = small({ vocabulary: 5, vocabularyMultiple: 8, layers: 1 });
    const drawn = initialise(mamba, config, { on: f64, seed: 3, spread: 1 });
    const { embedding } = drawn;
    expect(embedding.shape).toEqual([8, 6]);
    // rows 5 and 6 are ±1000 times row 0, so one of their two logits is by far the largest
    const rows = read(embedding);
    const numbers = rows.map((x, i) => (i < 5 * 6 ? x : i < 6 * 6 ? 1e3 * rows[i - 30]! : -1e3 * rows[i - 36]!));
    const params = { ...drawn, embedding: { ...embedding, data: numbers } as Value };
    const tokens = [1, 2, 3, 4].flatMap((seed) =>
      generate(mamba, params, config, [[0, 1, 2]], { steps: 20, temperature: 1, seed }).flat(),
    );
    expect(Math.max(...tokens)).toBeLessThan(5);
    const { logits } = mamba.forward(params, config, indices([[0, 1, 2]]), mamba.start(params, config, 1), recurrent);
    expect(logits.shape).toEqual([1, 3, 8]);
    const last = [...read(logits)].slice(-8);
    expect(last.indexOf(Math.max(...last))).toBeGreaterThanOrEqual(5);
  });
});

describe('initial weights', () => {
  const config = mambaConfig({ vocabulary: 50, width: 64, layers: 3 });
  const params = initialise(mamba, config, { on: f64, seed: 4 });
  const layer = params.layers[1]!;
  const numbers = (x: Value): number[] => [...read(x)];

  it('have the shapes of the reference code', () => {
    expect(config).toMatchObject({ innerWidth: 128, stateSize: 16, deltaRank: 4, convolutionWidth: 4 });
    expect(embeddingRows(config)).toBe(56);
    const perLayer = 64 + 256 * 64 + 128 * 4 + 128 + 36 * 128 + 128 * 4 + 128 + 128 * 16 + 128 + 64 * 128;
    expect(countParameters(mamba, config)).toBe(56 * 64 + 3 * perLayer + 64);
    expect(countParameters(mamba, { ...config, projectionBias: true, convolutionBias: false })).toBe(
      56 * 64 + 3 * (perLayer - 128 + 256 + 64) + 64,
    );
    checkParameters(mamba, params, config);
  });

  it('start A at −1, −2, …, −N and D at 1', () => {
    const a = numbers(layer.aLog);
    expect(a.every((logarithm, i) => logarithm === Math.log((i % 16) + 1))).toBe(true);
    expect(numbers(layer.skip).every((x) => x === 1)).toBe(true);
    expect(numbers(layer.inputNorm).every((x) => x === 1)).toBe(true);
  });

  it('give step sizes with a log-uniform distribution from 0.001 to 0.1', () => {
    const steps = numbers(softplus(layer.deltaBias)).sort((x, y) => x - y);
    expect(steps[0]).toBeGreaterThan(1e-3);
    expect(steps.at(-1)).toBeLessThan(1e-1);
    const median = steps[64]!;
    expect(median).toBeGreaterThan(5e-3);
    expect(median).toBeLessThan(2e-2);
  });

  it.each([
    ['input', 64 ** -0.5],
    ['selection', 128 ** -0.5],
    ['delta', 4 ** -0.5],
    ['convolution', 4 ** -0.5],
    ['convolutionBias', 4 ** -0.5],
    ['output', (128 * 3) ** -0.5],
  ] as const)('draw %s uniformly within %f', (name, bound) => {
    const drawn = numbers(layer[name]!);
    const largest = drawn.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.9 * bound);
    const square = drawn.reduce((sum, x) => sum + x * x, 0) / drawn.length;
    expect(square / (bound * bound)).toBeCloseTo(1 / 3, 1);
  });

  it('have zero projection biases, and differ between seeds', () => {
    const biased = initialise(mamba, { ...config, projectionBias: true }, { on: f64, seed: 4 });
    expect(numbers(biased.layers[0]!.inputBias!).every((x) => x === 0)).toBe(true);
    expect(numbers(biased.layers[0]!.outputBias!).every((x) => x === 0)).toBe(true);
    const other = initialise(mamba, config, { on: f64, seed: 5 });
    expect(numbers(other.layers[1]!.input)).not.toEqual(numbers(layer.input));
    expect(numbers(initialise(mamba, config, { on: f64, seed: 4 }).layers[1]!.input)).toEqual(numbers(layer.input));
  });

  it('give every weight a gradient; the embedding’s has parts from both of its uses', () => {
    const tiny = small({ projectionBias: true });
    const weights = initialise(mamba, tiny, { on: f64, seed: 6, spread: 1 });
    const labels = [[1, 2, 3, 4, 5]];
    const loss = (p: MambaParams): Value => {
      const { logits } = mamba.forward(p, tiny, indices(labels), mamba.start(p, tiny, 1), { name: 'parallel' });
      return crossEntropy(predictingRows(logits), nextTokenTargets(f64, labels));
    };
    const gradients = namedLeavesOf(grad(loss, weights));
    expect(gradients.filter(([, x]) => read(x).every((g) => g === 0)).map(([path]) => path)).toEqual([]);
    // the prompt lacks token 9, so only the read-out gives its row a gradient; token 5 is last, so no loss follows it
    const rows = new Map(gradients).get('embedding')!;
    expect(read(slice(rows, 0, 9, 10)).some((g) => g !== 0)).toBe(true);
  });
});

describe('a Mamba is refused with', () => {
  const config = small();
  const params = initialise(mamba, config, { on: f64, seed: 1 });
  const checked = (change: Record<string, unknown>) => () => mamba.check({ ...config, ...change });
  refuses([
    [checked({ layers: 0 }), 'mamba: layers is 0; it must be an integer of at least 1'],
    [checked({ stateSize: 1.5 }), 'mamba: stateSize is 1.5; it must be an integer of at least 1'],
    [checked({ vocabularyMultiple: 0 }), 'mamba: vocabularyMultiple is 0; it must be an integer of at least 1'],
    [checked({ convolutionBias: 'yes' }), "mamba: convolutionBias is 'yes'; it is true or false"],
    [checked({ projectionBias: undefined }), 'mamba: projectionBias is undefined; it is true or false'],
    [checked({ epsilon: 1 }), 'mamba: epsilon is 1; it lies in [0, 1)'],
    [
      () => checkParameters(mamba, params, { ...config, projectionBias: true }),
      'mamba: the parameters lack layers.0.inputBias, [24] in this configuration; change one of them',
    ],
    [
      () => mamba.start(params, { ...config, vocabulary: 13 }, 1),
      'mamba: parameter embedding has shape [12, 6], not [16, 6] as configured; change one of them',
    ],
    [
      () => mamba.forward(params, config, indices([[1]]), mamba.start(params, config, 1), { name: 'scan' } as never),
      "mamba: unknown mode 'scan'; use parallel, chunkwise or recurrent",
    ],
    [
      () => {
        const { layers } = mamba.start(params, config, 1);
        return mamba.forward(params, config, indices([[1]]), { position: 0, layers: layers.slice(1) }, recurrent);
      },
      'mamba: a state of 1 layers for a model of 2; give what its start or forward returned',
    ],
    [
      () => mamba.forward(params, config, indices([[1], [2]]), mamba.start(params, config, 1), recurrent),
      'recurrentConvolution: the window has shape [1, 4, 12]; beside the other inputs it is [b, k, e] = [2, 4, 12]',
    ],
  ]);
});
