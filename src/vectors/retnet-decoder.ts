/** @file Family retnet, kind torchscale_decoder: RetNet as a language model. */
import { type RetNetConfig, type RetNetLayer, type RetNetParams, retNet } from '../models/retnet.ts';
import { fail } from '../tensor/errors.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, answer, type VectorCase } from './case.ts';
import { booleanIn, integerIn, numberIn } from './config.ts';
import { honouredIn } from './honoured.ts';
import { rotatedRuns } from './language-model.ts';
import { withPrecisions } from './names.ts';
import { retentionParams, torchscaleReadings } from './retnet-layer.ts';
import { type Weights, weightOf } from './weights.ts';

const EMBEDDING = 'embed_tokens.weight';
const HEAD = 'output_projection.weight';

/** torchscale's decoder in each mode. Throws on a config that makes no model, and on values without a formula. */
export const retNetDecoderCase: Adapter = (testCase) => {
  const config = decoderConfig(testCase.config);
  const isTied = booleanIn(testCase.config, 'share_decoder_input_output_embed');
  if (isTied) checkTied(testCase);
  const { layers, heads, width } = config;
  const runs = rotatedRuns(testCase, {
    model: retNet,
    config,
    params: (weights) => decoderParams(weights, config, isTied),
    size: [integerIn(testCase.config, 'batch'), integerIn(testCase.config, 'seq_len')],
    labels: testCase.tensors.has('in/labels') ? 'in/labels' : 'in/input_ids',
    layers,
    heads: { heads, d: width / heads },
    buffers: 'retnet_rel_pos.',
  });
  const streams = Array.from({ length: layers + 1 }, (_, l) => [
    `out/inner_states.${l}`,
    () => answer(runs.at(`hidden.${l}`)),
  ]);
  const { tensors } = runs;
  return {
    tensors: withPrecisions(testCase, {
      ...tensors,
      ...Object.fromEntries(streams),
      // one tensor under two names
      ...(isTied && { [`grad/${HEAD}`]: () => tensors[`grad/${EMBEDDING}`]!() }),
    }),
  };
};

function decoderConfig(config: VectorCase['config']): RetNetConfig {
  honouredIn(config, {
    multiway: [false],
    moe_freq: [0],
    activation_fn: ['swish'],
    decoder_normalize_before: [true],
    layernorm_embedding: [false],
    no_output_layer: [false],
    dropout: [0],
    activation_dropout: [0],
    drop_path_rate: [0],
  });
  const width = integerIn(config, 'decoder_embed_dim');
  const layers = integerIn(config, 'decoder_layers');
  return {
    vocabulary: integerIn(config, 'vocab_size'),
    width,
    heads: integerIn(config, 'decoder_retention_heads'),
    valueWidth: integerIn(config, 'decoder_value_embed_dim'),
    ffnWidth: integerIn(config, 'decoder_ffn_embed_dim'),
    layers,
    epsilon: numberIn(config, 'layernorm_eps'),
    embeddingScale: booleanIn(config, 'no_scale_embedding') ? 1 : Math.sqrt(width),
    residualScale: booleanIn(config, 'deepnorm') ? (2 * layers) ** 0.25 : 1,
    ...torchscaleReadings,
  };
}

function decoderParams(weights: Weights, config: RetNetConfig, isTied: boolean): RetNetParams {
  const { vocabulary, width, layers } = config;
  return {
    embedding: weightOf(weights, EMBEDDING, [vocabulary, width]),
    layers: Array.from({ length: layers }, (_, l) => decoderLayer(weights, `layers.${l}.`, config)),
    finalNorm: weightOf(weights, 'layer_norm.weight', [width]),
    head: weightOf(weights, isTied ? EMBEDDING : HEAD, [vocabulary, width]),
  };
}

function decoderLayer(weights: Weights, path: string, config: RetNetConfig): RetNetLayer {
  const { width, ffnWidth } = config;
  const of = (name: string, shape: readonly number[]): Value => weightOf(weights, `${path}${name}.weight`, shape);
  return {
    ...retentionParams(weights, `${path}retention.`, config),
    inputNorm: of('retention_layer_norm', [width]),
    ffnNorm: of('final_layer_norm', [width]),
    ffn: {
      up: of('ffn.fc1', [ffnWidth, width]),
      gate: of('ffn.gate', [ffnWidth, width]),
      down: of('ffn.fc2', [width, ffnWidth]),
    },
  };
}

/** Throws when a tied head is stored with other numbers than the embedding. */
function checkTied({ tensors }: VectorCase): void {
  const [head, embedding] = [tensors.get(`param/${HEAD}`), tensors.get(`param/${EMBEDDING}`)];
  if (head === undefined || embedding === undefined) return;
  if (head.data.length === embedding.data.length && head.data.every((x, i) => x === embedding.data[i])) return;
  fail(`param/${HEAD} is not param/${EMBEDDING}, though share_decoder_input_output_embed is true; correct one of them`);
}
