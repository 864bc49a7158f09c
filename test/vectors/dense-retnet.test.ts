import { describe, expect, it } from 'vitest';
import type { LoadedCase } from '../../src/vectors/load.ts';
import { drawn, type Variant } from './drawn-dense-retnet.ts';
import { casesOf, f64Tensor, failing, failingNames, outcome, withTensors } from './official.ts';

const small: Variant = { h: 8, qk: 4, heads: 2, layers: 3, m: 1, f: 2, rank: 1, b: 2, t: 5 };

describe('DenseRetNet by the authors’ names', () => {
  it.each<[string, Variant]>([
    ['two channels a head', small],
    ['m = 0', { ...small, m: 0 }],
    ['m = 0, and gates that would not fit', { ...small, m: 0, qk: 12, f: 1 }],
    ['m beyond the depth', { ...small, m: 9, layers: 4 }],
    ['a gate of rank 3', { ...small, rank: 3 }],
    ['a gate of rank 0', { ...small, rank: 0 }],
    ['an odd width', { ...small, h: 9 }],
    [
      'one layer with the value width equal to the width, three heads',
      { ...small, h: 9, qk: 18, heads: 3, layers: 1, f: 1 },
    ],
    ['one token, probed', { ...small, t: 1, b: 3 }],
    ['a long sequence', { ...small, t: 70, b: 1, layers: 2 }],
  ])('%s: equals the scalar definition', (_, variant) => {
    expect(failing(outcome(drawn(variant, 7)))).toEqual([]);
  });

  it('computes the gates that are unused with m = 0, with zero gradients', () => {
    const loaded = drawn({ ...small, m: 0 }, 3);
    const zeros = (name: string) => {
      const { shape, data } = loaded.tensors.get(`param/${name}`)!;
      return { [`grad/${name}`]: f64Tensor(shape, new Float64Array(data.length)) };
    };
    const wanted = withTensors(loaded, {
      ...zeros('model.layers.1.self_attn.k_select.fc1.weight'),
      ...zeros('model.layers.0.self_attn.v_norm.weight'),
      'inter/1/k_gate_pre_silu': f64Tensor([2, 5, 4], new Float64Array(40)),
    });
    expect(failingNames(outcome(wanted))).toEqual(['inter/1/k_gate_pre_silu']);
    expect(outcome(wanted).at(-1)!.actual).not.toBe(0);
  });

  it('differentiates with respect to the probe, even with labels', () => {
    const loaded = drawn({ ...small, t: 1 }, 5);
    const labels = { dtype: 'I32', shape: [2, 1], data: Float64Array.from([1, 2]) } as const;
    expect(failing(outcome(withTensors(loaded, { 'in/labels': labels })))).toEqual([]);
  });

  const p10: LoadedCase = casesOf('dense_retnet').find(({ name }) => name.startsWith('p10'))!;

  it('gives the embedding of the padding token a zero gradient', () => {
    const none = { ...p10, config: { ...p10.config, pad_token_id: null } };
    expect(failingNames(outcome(none))).toEqual(['grad/model.embed_tokens.weight']);
  });

  it.each([
    ['dropout', 0.1, 'config.dropout is 0.1; expected one of 0'],
    ['num_attention_heads', 3, 'keyWidth 16 with 3 heads; it must be a multiple of 6'],
    ['v_factor', 1.01, 'valueWidth is 32.32; it must be an integer'],
    ['v_factor', 3, 'to_hidden.0.weight has shape [128, 32], by the config it is [192, 32]'],
    ['dense_block_layers', -1, 'config.dense_block_layers is -1; expected an integer ≥ 0'],
    ['pad_token_id', 36, 'padToken is 36; it is a token of the vocabulary, 0 to 35, or null'],
    ['seq_len', 14, 'in/input_ids has shape [1, 15], by the config it is [1, 14]'],
  ])('refuses a config whose %s is %s', (key, value, message) => {
    const results = outcome({ ...p10, config: { ...p10.config, [key]: value } });
    const numbers = results.filter(({ name }) => name === 'out/logits_parallel');
    expect(failing(numbers)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ['param/model.layers.1.self_attn.k_select.fc1.weight', 'k_select.fc1.weight is missing'],
    ['in/input_ids', 'has no tensor in/input_ids'],
  ])('names %s if it is missing', (name, message) => {
    const results = outcome(withTensors(p10, { [name]: null }));
    expect(failing(results).some((line) => line.includes(message))).toBe(true);
  });
});
