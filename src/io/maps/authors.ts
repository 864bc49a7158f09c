/** @file DenseRetNet as in the repository of the paper's authors: class LlamaForCausalLM of modeling_dense_gau_retnet.py. [C] */
import {
  authorsReadings,
  type DenseRetNetConfig,
  type DenseRetNetReadings,
  denseRetNet,
  denseRetNetConfig,
} from '../../models/index.ts';
import { fail } from '../../tensor/errors.ts';
import type { Shape } from '../../tensor/shape.ts';
import { isCount } from '../json.ts';
import type { TensorsOnDisk } from '../safetensors-file.ts';
import { countIn, type Fields, numberIn, onlyIn } from './fields.ts';
import { type AnyNaming, naming } from './naming.ts';
import { type Place, placesOf } from './places.ts';
import { tablePlaces } from './position-tables.ts';

const layer = (l: number): string => `model.layers.${l}.`;

const names = {
  model: { embedding: 'model.embed_tokens.weight', finalNorm: 'model.norm.weight', head: 'lm_head.weight' },
  layer,
  fields: {
    inputNorm: 'input_layernorm.weight',
    query: 'self_attn.q_proj.weight',
    key: 'self_attn.k_proj.weight',
    // rows of values, then of the output gate
    value: 'self_attn.to_hidden.0.weight',
    outputGate: 'self_attn.to_hidden.0.weight',
    groupNorm: 'self_attn.group_norm.weight',
    output: 'self_attn.to_out.0.weight',
    'keyFusion.gates.0.down': 'self_attn.k_select.fc1.weight',
    'keyFusion.gates.0.up': 'self_attn.k_select.fc2.weight',
    'keyFusion.norm': 'self_attn.k_norm.weight',
    'valueFusion.gates.0.down': 'self_attn.v_select.fc1.weight',
    'valueFusion.gates.0.up': 'self_attn.v_select.fc2.weight',
    'valueFusion.norm': 'self_attn.v_norm.weight',
  },
};

/** Weights of fusions that a layer owns and never uses: those of layer 0, and gates where m = 0. Norms are 1, gates closed. */
function unusedPlaces(config: DenseRetNetConfig, used: readonly Place[]): Place[] {
  const { layers, width, keyWidth, valueWidth, gateRank, valueGateRank = gateRank } = config;
  const known = new Set(used.map(({ name }) => name));
  const all: Readonly<Record<string, Shape>> = {
    'k_select.fc1': [gateRank, width],
    'k_select.fc2': [keyWidth, gateRank],
    k_norm: [keyWidth],
    'v_select.fc1': [valueGateRank, width],
    'v_select.fc2': [valueWidth, valueGateRank],
    v_norm: [valueWidth],
  };
  return Array.from({ length: layers }, (_, l) =>
    Object.entries(all).map(
      ([name, shape]): Place => ({
        name: `${layer(l)}self_attn.${name}.weight`,
        shape,
        holds: { unused: name.endsWith('norm') ? 1 : 0 },
      }),
    ),
  )
    .flat()
    .filter(({ name }) => !known.has(name));
}

/** The rank of the last layer's gates: published checkpoints have others than the code. */
function rankIn({ tensors }: TensorsOnDisk, which: 'k' | 'v', layers: number, width: number): number {
  const name = `${layer(layers - 1)}self_attn.${which}_select.fc1.weight`;
  return tensors.get(name)?.shape[0] ?? Math.floor(width / 32);
}

function padTokenIn({ path, values }: Fields): number | null {
  const token = values.pad_token_id ?? null;
  if (token === null || isCount(token)) return token;
  return fail(`${path}: pad_token_id is ${JSON.stringify(token)}; it is a token or null: correct it`);
}

/** The rotation's phase shifts stored states, and no output. */
const isSame = (name: string, own: unknown): boolean =>
  name === 'rotationPhase' || own === authorsReadings[name as keyof DenseRetNetReadings];

export const authorsDenseRetNet: AnyNaming = naming<DenseRetNetConfig>({
  project: 'authors',
  model: denseRetNet,
  recognises: (config) => Object.hasOwn(config, 'query_key_dim') && Object.hasOwn(config, 'v_factor'),
  configIn(fields, found) {
    onlyIn(fields, { tie_word_embeddings: [false] });
    const [width, layers] = [countIn(fields, 'hidden_size'), countIn(fields, 'num_hidden_layers')];
    const [gateRank, valueGateRank] = [rankIn(found, 'k', layers, width), rankIn(found, 'v', layers, width)];
    const denseLayers = numberIn(fields, 'dense_block_layers');
    if (!isCount(denseLayers))
      fail(`${fields.path}: dense_block_layers is ${denseLayers}; it is an integer ≥ 0: correct it`);
    return denseRetNetConfig({
      vocabulary: countIn(fields, 'vocab_size'),
      width,
      heads: countIn(fields, 'num_attention_heads'),
      layers,
      denseLayers,
      keyWidth: countIn(fields, 'query_key_dim'),
      valueWidth: numberIn(fields, 'v_factor') * width,
      gateRank,
      epsilon: numberIn(fields, 'rms_norm_eps', 1e-6),
      padToken: padTokenIn(fields),
      readings: authorsReadings,
      ...(valueGateRank !== gateRank && { valueGateRank }),
    });
  },
  configOut(config) {
    const { width, keyWidth, valueWidth, layers, readings } = config;
    const others = Object.entries(readings).filter(([name, own]) => !isSame(name, own));
    if (others.length > 0)
      fail(
        `authors: readings are ${others.map(([name, own]) => `${name} ${own}`).join(', ')}, in their code ` +
          `${others.map(([name]) => `${name} ${authorsReadings[name as keyof DenseRetNetReadings]}`).join(', ')}; it would be another function`,
      );
    if (layers > 1 && (keyWidth !== Math.floor(width / 2) || valueWidth !== 2 * width))
      fail(
        `authors: keyWidth is ${keyWidth} and valueWidth ${valueWidth}; their gates are for ${Math.floor(width / 2)} and ${2 * width}`,
      );
    return {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      vocab_size: config.vocabulary,
      hidden_size: width,
      query_key_dim: keyWidth,
      v_factor: valueWidth / width,
      num_attention_heads: config.heads,
      num_hidden_layers: layers,
      dense_block_layers: config.denseLayers,
      rms_norm_eps: config.epsilon,
      pad_token_id: config.padToken,
      hidden_act: 'silu',
      deepnorm: false,
      dropout: 0,
      tie_word_embeddings: false,
      use_cache: false,
    };
  },
  places(config) {
    const { heads, keyWidth } = config;
    const used = placesOf(denseRetNet.shapes(config), names, 'authors');
    return [...used, ...unusedPlaces(config, used), ...tablePlaces('model.', heads, keyWidth / heads)];
  },
});
