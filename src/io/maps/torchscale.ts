/** @file RetNet as torchscale has it: class RetNetDecoder, with the arguments of RetNetConfig as its config.json. [C] */
import { type RetNetConfig, retNet } from '../../models/index.ts';
import { fail } from '../../tensor/errors.ts';
import { countIn, flagIn, numberIn, onlyIn } from './fields.ts';
import { type AnyNaming, naming } from './naming.ts';
import { placesOf } from './places.ts';
import { tablePlaces } from './position-tables.ts';

const EMBEDDING = 'embed_tokens.weight';
const HEAD = 'output_projection.weight';

const names = {
  model: { embedding: EMBEDDING, finalNorm: 'layer_norm.weight', head: HEAD },
  layer: (l: number) => `layers.${l}.`,
  fields: {
    inputNorm: 'retention_layer_norm.weight',
    query: 'retention.q_proj.weight',
    key: 'retention.k_proj.weight',
    value: 'retention.v_proj.weight',
    outputGate: 'retention.g_proj.weight',
    output: 'retention.out_proj.weight',
    ffnNorm: 'final_layer_norm.weight',
    'ffn.up': 'ffn.fc1.weight',
    'ffn.gate': 'ffn.gate.weight',
    'ffn.down': 'ffn.fc2.weight',
  },
};

/** Their names of activations; the first is how we write it. */
const activations = { silu: ['swish', 'silu'], gelu: ['gelu'] };

export const torchscaleRetNet: AnyNaming = naming<RetNetConfig>({
  project: 'torchscale',
  model: retNet,
  recognises: (config) =>
    Object.hasOwn(config, 'decoder_embed_dim') && Object.hasOwn(config, 'decoder_retention_heads'),
  configIn(fields) {
    const isDeep = flagIn(fields, 'deepnorm', false);
    onlyIn(fields, {
      activation_fn: ['gelu', ...activations.silu],
      decoder_normalize_before: [true],
      layernorm_embedding: [false],
      moe_freq: [0],
      multiway: [false],
      use_glu: [true],
      use_ffn_rms_norm: [false],
      use_lm_decay: [false],
      xpos_rel_pos: [false],
    });
    // their configuration takes the norms to the other side, unless it is told not to
    if (isDeep && fields.values.decoder_normalize_before !== true)
      fail(`${fields.path}: deepnorm norms after each branch; our model norms before it`);
    const [width, layers] = [countIn(fields, 'decoder_embed_dim'), countIn(fields, 'decoder_layers')];
    const isGelu = (fields.values.activation_fn ?? 'gelu') === 'gelu';
    return {
      vocabulary: countIn(fields, 'vocab_size'),
      width,
      layers,
      heads: countIn(fields, 'decoder_retention_heads'),
      valueWidth: countIn(fields, 'decoder_value_embed_dim'),
      ffnWidth: countIn(fields, 'decoder_ffn_embed_dim'),
      epsilon: numberIn(fields, 'layernorm_eps', 1e-6),
      embeddingScale: flagIn(fields, 'no_scale_embedding', true) ? 1 : Math.sqrt(width),
      residualScale: isDeep ? (2 * layers) ** 0.25 : 1,
      retentionNorm: 'torchscale',
      rotationPhase: 'p',
      ...(isGelu && { ffnActivation: 'gelu' }),
      ...(flagIn(fields, 'share_decoder_input_output_embed', false) && { tiedHead: true }),
    };
  },
  configOut(config) {
    const { width, embeddingScale, residualScale, retentionNorm, ffnActivation = 'silu' } = config;
    const problem =
      (retentionNorm !== 'torchscale' &&
        `retention is normalised by '${retentionNorm}', there by 'torchscale', which differs by ε`) ||
      (embeddingScale !== 1 &&
        embeddingScale !== Math.sqrt(width) &&
        `embeddingScale is ${embeddingScale}, there 1 or √width`) ||
      (residualScale !== 1 &&
        `residualScale is ${residualScale}; there another one comes with norms after the branches`);
    if (problem) fail(`torchscale: ${problem}; it would be another function`);
    return {
      vocab_size: config.vocabulary,
      decoder_embed_dim: width,
      decoder_value_embed_dim: config.valueWidth,
      decoder_retention_heads: config.heads,
      decoder_ffn_embed_dim: config.ffnWidth,
      decoder_layers: config.layers,
      decoder_normalize_before: true,
      activation_fn: activations[ffnActivation][0],
      no_scale_embedding: embeddingScale === 1,
      layernorm_embedding: false,
      moe_freq: 0,
      deepnorm: false,
      share_decoder_input_output_embed: config.tiedHead ?? false,
      no_output_layer: false,
      layernorm_eps: config.epsilon,
      dropout: 0,
    };
  },
  places(config) {
    const { heads, width, vocabulary, tiedHead } = config;
    const shapes = retNet.shapes(config);
    const head = { name: HEAD, shape: [vocabulary, width], holds: { copy: 'embedding', isWritten: true } };
    return [
      ...placesOf(shapes, names, 'torchscale'),
      ...(tiedHead ? [head] : []),
      ...tablePlaces('', heads, width / heads),
    ];
  },
});
