/** @file Draws decoders of torchscale; their expected logits come from the scalar definitions in spec/. */
import {
  decayNormalised,
  type Retain,
  torchscaleChunkwise,
  torchscaleParallel,
} from '../../spec/normalised-retention.ts';
import type { Matrix, Vector } from '../../spec/notation.ts';
import { retNet as defined, type RetNetConfig, type RetNetParameters } from '../../spec/retnet.ts';
import type { StoredTensor } from '../../src/io/safetensors.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import type { LoadedCase } from '../../src/vectors/load.ts';
import { drawnTokens, drawnWeights, f64Tensor, listsOf } from './official.ts';

export const width = 12;
const heads = 3;
export const layers = 2;
const vocabulary = 7;
const [b, t] = [2, 11];

export const decoderConfig = {
  kind: 'torchscale_decoder',
  layernorm_eps: 1e-6,
  decoder_embed_dim: width,
  decoder_value_embed_dim: 18,
  decoder_retention_heads: heads,
  recurrent_chunk_size: 4,
  decoder_ffn_embed_dim: 10,
  decoder_layers: layers,
  activation_fn: 'swish',
  decoder_normalize_before: true,
  deepnorm: false,
  no_scale_embedding: false,
  no_output_layer: false,
  vocab_size: vocabulary,
  share_decoder_input_output_embed: false,
  seq_len: t,
  batch: b,
};

const shapes: Record<string, Shape> = {
  'embed_tokens.weight': [vocabulary, width],
  'layer_norm.weight': [width],
  'output_projection.weight': [vocabulary, width],
};
for (let l = 0; l < layers; l++) {
  Object.assign(shapes, {
    [`layers.${l}.retention.q_proj.weight`]: [width, width],
    [`layers.${l}.retention.k_proj.weight`]: [width, width],
    [`layers.${l}.retention.v_proj.weight`]: [18, width],
    [`layers.${l}.retention.g_proj.weight`]: [18, width],
    [`layers.${l}.retention.out_proj.weight`]: [width, 18],
    [`layers.${l}.retention_layer_norm.weight`]: [width],
    [`layers.${l}.final_layer_norm.weight`]: [width],
    [`layers.${l}.ffn.fc1.weight`]: [10, width],
    [`layers.${l}.ffn.gate.weight`]: [10, width],
    [`layers.${l}.ffn.fc2.weight`]: [width, 10],
  });
}

/** Converts the stored weights into parameters of the scalar definition. */
function definedParams(tensors: ReadonlyMap<string, StoredTensor>, head: string): RetNetParameters {
  const weight = (name: string): Matrix => listsOf(tensors, `param/${name}.weight`) as Matrix;
  const norm = (name: string): Vector => listsOf(tensors, `param/${name}.weight`) as Vector;
  const layer = (l: number): RetNetParameters['layers'][number] => ({
    inputNorm: norm(`layers.${l}.retention_layer_norm`),
    query: weight(`layers.${l}.retention.q_proj`),
    key: weight(`layers.${l}.retention.k_proj`),
    value: weight(`layers.${l}.retention.v_proj`),
    outputGate: weight(`layers.${l}.retention.g_proj`),
    output: weight(`layers.${l}.retention.out_proj`),
    ffnNorm: norm(`layers.${l}.final_layer_norm`),
    ffn: {
      up: weight(`layers.${l}.ffn.fc1`),
      gate: weight(`layers.${l}.ffn.gate`),
      down: weight(`layers.${l}.ffn.fc2`),
    },
  });
  return {
    embedding: weight('embed_tokens'),
    layers: Array.from({ length: layers }, (_, l) => layer(l)),
    finalNorm: norm('layer_norm'),
    head: weight(head),
  };
}

/** Draws a decoder and computes its logits in every mode by the scalar definition. */
export function drawn(
  change: Partial<typeof decoderConfig>,
  scales: Pick<RetNetConfig, 'embeddingScale' | 'residualScale'>,
) {
  const config = { ...decoderConfig, ...change };
  const isTied = config.share_decoder_input_output_embed;
  const ids = drawnTokens(b, t, vocabulary, 4);
  const tensors = new Map<string, StoredTensor>(Object.entries({ ...drawnWeights(shapes, 5), 'in/input_ids': ids }));
  const params = definedParams(tensors, isTied ? 'embed_tokens' : 'output_projection');
  if (isTied) tensors.delete('param/output_projection.weight');
  const sizes = { vocabulary, width, heads, valueWidth: 18, ffnWidth: 10, layers, epsilon: 1e-6, ...scales };
  const logits = (retain: Retain): StoredTensor => {
    const rows = Array.from({ length: b }, (_, i) => [...ids.data.subarray(i * t, (i + 1) * t)]);
    return f64Tensor([b, t, vocabulary], rows.map((tokens) => defined(params, sizes, tokens, retain)).flat(2));
  };
  tensors.set('out/logits_parallel', logits(torchscaleParallel));
  tensors.set(
    'out/logits_recurrent',
    logits((q, k, v, gamma) => decayNormalised(q, k, v, gamma)),
  );
  for (const c of [1, 3, 11, 16]) tensors.set(`out/logits_chunkwise.${c}`, logits(torchscaleChunkwise(c)));
  return { family: 'retnet', name: 'drawn', config, tensors, problems: [] } satisfies LoadedCase;
}
