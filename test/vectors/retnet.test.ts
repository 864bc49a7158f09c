import { describe, expect, it } from 'vitest';
import type { LoadedCase } from '../../src/vectors/load.ts';
import { withoutExpected } from '../../src/vectors/run-case.ts';
import { decoderConfig, drawn, layers, width } from './drawn-retnet.ts';
import { adapterOf, casesOf, f64Tensor, failing, failingNames, outcome, withTensors } from './official.ts';

const cases = casesOf('retnet');
const named = (start: string): LoadedCase => cases.find(({ name }) => name.startsWith(start))!;
const [r00, r01, r05, r07, r08] = [named('r00'), named('r01'), named('r05'), named('r07'), named('r08')];

const plain = { embeddingScale: Math.sqrt(width), residualScale: 1 };
/** The adapter's answer for a name. */
const computed = (loaded: LoadedCase, name: string): number[] =>
  Array.from(adapterOf(loaded)(withoutExpected(loaded)).tensors[name]!().data);

describe('torchscale’s decoder', () => {
  it.each([
    ['unchanged', {}, plain],
    ['deepnorm', { deepnorm: true }, { ...plain, residualScale: (2 * layers) ** 0.25 }],
    ['an unscaled embedding', { no_scale_embedding: true }, { ...plain, embeddingScale: 1 }],
    ['a tied head', { share_decoder_input_output_embed: true }, plain],
  ] as const)('%s: equals the scalar definition in every mode and for every chunk size', (_, change, scales) => {
    expect(failing(outcome(drawn(change, scales)))).toEqual([]);
  });

  it('gives a tied embedding the sum of the gradients of both its uses', () => {
    const tied = drawn({ share_decoder_input_output_embed: true }, plain);
    const embedding = tied.tensors.get('param/embed_tokens.weight')!;
    const untied = { ...withTensors(tied, { 'param/output_projection.weight': embedding }), config: decoderConfig };
    const name = 'grad/embed_tokens.weight';
    const [ofInput, ofHead] = [computed(untied, name), computed(untied, 'grad/output_projection.weight')];
    const sum = f64Tensor(
      embedding.shape,
      ofInput.map((x, i) => x + ofHead[i]!),
    );
    // the tied embedding may be stored under one name or both
    const both = { ...untied, config: tied.config };
    expect(failing(outcome(withTensors(tied, { [name]: sum })))).toEqual([]);
    expect(failing(outcome(withTensors(both, { [name]: sum, 'grad/output_projection.weight': sum })))).toEqual([]);
    const other = withTensors(both, { 'param/output_projection.weight': f64Tensor([7, 12], new Float64Array(84)) });
    expect(failing(outcome(other))[0]).toContain('is not param/embed_tokens.weight');
  });

  it.each([
    ['activation_fn', 'gelu', 'config.activation_fn is "gelu"; expected one of "swish"'],
    ['decoder_normalize_before', false, 'expected one of true'],
    ['layernorm_embedding', true, 'expected one of false'],
    ['no_output_layer', true, 'expected one of false'],
    ['moe_freq', 2, 'expected one of 0'],
    ['multiway', true, 'expected one of false'],
    ['dropout', 0.1, 'expected one of 0'],
    ['deepnorm', 1, 'expected true or false'],
    ['decoder_retention_heads', 5, 'width 16 with 5 heads; it must be a multiple of 10'],
  ])('refuses a config whose %s is %s', (key, value, message) => {
    const results = outcome({ ...r05, config: { ...r05.config, [key]: value } });
    expect(failing(results)[0]).toContain(message);
  });
});

describe('torchscale’s retention layer', () => {
  it('computes any requested chunk size', () => {
    const wanted = withTensors(r01, { 'out/chunkwise.7': r01.tensors.get('out/chunkwise.4')! });
    // the modes agree only up to ε
    expect(failingNames(outcome(wanted))).toEqual(['out/chunkwise.7']);
    const results = outcome(wanted);
    const { actual, expected } = results.find(({ name }) => name === 'out/chunkwise.7')!;
    expect(Math.abs(actual! - expected!)).toBeLessThan(1e-4);
    expect(failing(outcome(withTensors(r01, { 'out/chunkwise.0': f64Tensor([1], [0]) })))).toEqual([
      expect.stringContaining('a chunk is an integer ≥ 1'),
    ]);
  });

  it('needs its probe only for gradients', () => {
    const failed = failingNames(outcome(withTensors(r00, { 'in/probe': null })));
    expect(failed).toEqual([...r00.tensors.keys()].filter((name) => name.startsWith('grad/')));
  });

  it.each([
    ['num_heads', 3, 'config.embed_dim is 16 with 3 heads; it must be a multiple of 6, as rotation pairs channels'],
    ['num_heads', 16, 'config.embed_dim is 16 with 16 heads; it must be a multiple of 32'],
    ['value_dim', 0, 'config.value_dim is 0; expected an integer ≥ 1'],
    ['embed_dim', 8, 'in/x has shape [1, 8, 16], by the config it is [1, 8, 8]'],
  ])('refuses a config whose %s is %s', (key, value, message) => {
    const results = outcome({ ...r00, config: { ...r00.config, [key]: value } });
    expect(failing(results.filter(({ name }) => name === 'out/parallel'))[0]).toContain(message);
  });
});

describe('the xPos RetNet', () => {
  it.each([1, 3, 10, 13])('gives equal outputs in all modes: chunks of %s', (c) => {
    for (const loaded of [r07, r08]) {
      const parallel = loaded.tensors.get('out/parallel')!;
      expect(
        failing(outcome(withTensors(loaded, { [`out/chunkwise.${c}`]: parallel, 'out/recurrent': parallel }))),
      ).toEqual([]);
    }
  });

  it.each([
    ['gammas', [0.5], 'config.gammas has 1 numbers for 2 heads'],
    ['gammas', [0.5, 1.5], 'a decay is 1.5'],
    ['heads', 3, 'config.hidden_dim is 16 with 3 heads; it must be a multiple of 6'],
    ['double_v_dim', true, 'W_V has shape [16, 8], by the config it is [16, 16]'],
  ])('refuses a config whose %s is %s', (key, value, message) => {
    const results = outcome({ ...r07, config: { ...r07.config, [key]: value } });
    expect(failing(results.filter(({ name }) => name === 'out/parallel'))[0]).toContain(message);
  });
});
