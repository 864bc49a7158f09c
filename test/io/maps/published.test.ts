/** @file Folders with the names, shapes and config.json of published models, of one layer and few tokens, as their pages have them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { formatSafetensors, importModel, writeFolderWhole } from '../../../src/io/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-published-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Shapes = Readonly<Record<string, readonly number[]>>;

const within = (prefix: string, shapes: Shapes): Shapes =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [`${prefix}${name}`, shape]));

const tokens = 16;

const mambaLayer = within('backbone.layers.0.', {
  'norm.weight': [768],
  'mixer.A_log': [1536, 16],
  'mixer.D': [1536],
  'mixer.conv1d.bias': [1536],
  'mixer.conv1d.weight': [1536, 1, 4],
  'mixer.dt_proj.bias': [1536],
  'mixer.dt_proj.weight': [1536, 48],
  'mixer.in_proj.weight': [3072, 768],
  'mixer.out_proj.weight': [768, 1536],
  'mixer.x_proj.weight': [80, 1536],
});

const mamba2Layer = within('backbone.layers.0.', {
  'norm.weight': [768],
  'mixer.A_log': [24],
  'mixer.D': [24],
  'mixer.conv1d.bias': [1792],
  'mixer.conv1d.weight': [1792, 1, 4],
  'mixer.dt_bias': [24],
  'mixer.in_proj.weight': [3352, 768],
  'mixer.norm.weight': [1536],
  'mixer.out_proj.weight': [768, 1536],
});

const outside: Shapes = { 'backbone.norm_f.weight': [768] };
const tied: Shapes = { 'backbone.embedding.weight': [tokens, 768], 'lm_head.weight': [tokens, 768] };

const stateSpaces = { d_model: 768, n_layer: 1, vocab_size: 13, rms_norm: true, residual_in_fp32: true };

const authorsLayer = (l: number): Shapes =>
  within(`model.layers.${l}.`, {
    'input_layernorm.weight': [384],
    'self_attn.q_proj.weight': [192, 384],
    'self_attn.k_proj.weight': [192, 384],
    'self_attn.to_hidden.0.weight': [1536, 384],
    'self_attn.to_out.0.weight': [384, 768],
    'self_attn.group_norm.weight': [384],
    'self_attn.k_norm.weight': [192],
    'self_attn.v_norm.weight': [768],
    'self_attn.k_select.fc1.weight': [48, 384],
    'self_attn.k_select.fc2.weight': [192, 48],
    'self_attn.v_select.fc1.weight': [12, 384],
    'self_attn.v_select.fc2.weight': [768, 12],
  });

it.each<[string, string, object, Shapes, object]>([
  [
    'mamba-130m-hf',
    'transformers',
    {
      model_type: 'mamba',
      architectures: ['MambaForCausalLM'],
      vocab_size: tokens,
      hidden_size: 768,
      state_size: 16,
      num_hidden_layers: 1,
      n_layer: 1,
      d_model: 768,
      layer_norm_epsilon: 1e-5,
      expand: 2,
      conv_kernel: 4,
      use_bias: false,
      use_conv_bias: true,
      hidden_act: 'silu',
      time_step_rank: 48,
      intermediate_size: 1536,
      rms_norm: true,
      residual_in_fp32: true,
      pad_vocab_size_multiple: 8,
      ssm_cfg: {},
    },
    { ...mambaLayer, ...outside, 'backbone.embeddings.weight': [tokens, 768] },
    { innerWidth: 1536, deltaRank: 48, vocabulary: tokens },
  ],
  [
    'mamba-130m',
    'state-spaces',
    { ...stateSpaces, ssm_cfg: {}, fused_add_norm: true, pad_vocab_size_multiple: 8 },
    { ...mambaLayer, ...outside, ...tied },
    { innerWidth: 1536, deltaRank: 48, vocabulary: 13, vocabularyMultiple: 8 },
  ],
  [
    'mamba2-130m',
    'state-spaces',
    {
      ...stateSpaces,
      d_intermediate: 0,
      ssm_cfg: { layer: 'Mamba2' },
      attn_layer_idx: [],
      attn_cfg: {},
      pad_vocab_size_multiple: 16,
      tie_embeddings: true,
    },
    { ...mamba2Layer, ...outside, ...tied },
    { innerWidth: 1536, heads: 24, stateSize: 128, vocabulary: 13, vocabularyMultiple: 16 },
  ],
  [
    'DenseRetNet-350M, of two layers, a quarter as wide',
    'authors',
    {
      model_type: 'llama',
      hidden_size: 384,
      query_key_dim: 192,
      num_attention_heads: 2,
      num_hidden_layers: 2,
      pad_token_id: 0,
      rms_norm_eps: 1e-6,
      tie_word_embeddings: false,
      torch_dtype: 'float16',
      vocab_size: tokens,
      v_factor: 2,
      dense_block_layers: 2,
      dropout: 0.1,
      deepnorm: false,
    },
    {
      ...authorsLayer(0),
      ...authorsLayer(1),
      'model.embed_tokens.weight': [tokens, 384],
      'model.norm.weight': [384],
      'lm_head.weight': [tokens, 384],
    },
    { gateRank: 48, valueGateRank: 12, denseLayers: 2, padToken: 0 },
  ],
])('%s of %s is read', (name, project, config, shapes, expected) => {
  const path = join(folder, name);
  const tensors = Object.entries(shapes).map(([key, shape]) => {
    const data = new Float32Array(shape.reduce((size, length) => size * length, 1));
    return [key, { dtype: 'F32', shape, data }] as const;
  });
  writeFolderWhole(path, {
    'config.json': JSON.stringify(config),
    'model.safetensors': formatSafetensors(new Map(tensors)),
  });
  const model = importModel(path);
  expect(model.project).toBe(project);
  expect(model.config).toMatchObject(expected);
});
