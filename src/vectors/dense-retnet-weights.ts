/** @file Converts the configuration and the weights of the authors' DenseRetNet to ours. [C] */
import type { DenseRetNetLayer, DenseRetNetParams } from '../models/dense-retnet.ts';
import { authorsReadings, type DenseRetNetConfig, denseRetNetConfig } from '../models/dense-retnet-config.ts';
import type { FusionParams } from '../nn/dense-fusion.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { integerIn, integerOrNullIn, numberIn } from './config.ts';
import { honouredIn } from './honoured.ts';
import { type Weights, weightOf } from './weights.ts';

/**
 * The configuration by the authors' names. `deepnorm` may be anything: it changes their initial weights, not the function.
 * The rank of the gates is that of the weights where it is given: published ones do not have the ⌊h/32⌋ of the code.
 * Throws on values that make no model or for which there is no formula.
 */
export function authorsConfig(config: Readonly<Record<string, unknown>>, gateRank?: number): DenseRetNetConfig {
  honouredIn(config, { dropout: [0], deepnorm: [false, true] });
  const width = integerIn(config, 'hidden_size');
  return denseRetNetConfig({
    vocabulary: integerIn(config, 'vocab_size'),
    width,
    heads: integerIn(config, 'num_attention_heads'),
    layers: integerIn(config, 'num_hidden_layers'),
    denseLayers: integerIn(config, 'dense_block_layers', 0),
    keyWidth: integerIn(config, 'query_key_dim'),
    valueWidth: numberIn(config, 'v_factor') * width,
    epsilon: numberIn(config, 'rms_norm_eps'),
    padToken: integerOrNullIn(config, 'pad_token_id'),
    readings: authorsReadings,
    ...(gateRank !== undefined && { gateRank }),
  });
}

/** Parameters without the gates that a configuration leaves unused: with m = 0 the authors' layers own some all the same. */
export function usedParams(params: DenseRetNetParams, { denseLayers }: DenseRetNetConfig): DenseRetNetParams {
  if (denseLayers > 0) return params;
  const ungated = (fusion: FusionParams | undefined): FusionParams | undefined => fusion && { norm: fusion.norm };
  const layers = params.layers.map((layer) => ({
    ...layer,
    keyFusion: ungated(layer.keyFusion),
    valueFusion: ungated(layer.valueFusion),
  }));
  return { ...params, layers };
}

/** The parameters from the authors' weights. A gate's rank is that of its weights. Throws on missing and misshaped ones. */
export function authorsParams(weights: Weights, config: DenseRetNetConfig): DenseRetNetParams {
  const { vocabulary, width, layers } = config;
  return {
    embedding: weightOf(weights, 'model.embed_tokens.weight', [vocabulary, width]),
    layers: Array.from({ length: layers }, (_, l) => authorsLayer(weights, config, l)),
    finalNorm: weightOf(weights, 'model.norm.weight', [width]),
    head: weightOf(weights, 'lm_head.weight', [vocabulary, width]),
  };
}

function authorsLayer(weights: Weights, config: DenseRetNetConfig, l: number): DenseRetNetLayer {
  const { width, keyWidth, valueWidth, heads, gateRank, denseLayers } = config;
  const attention = (name: string, shape: readonly number[]) =>
    weightOf(weights, `model.layers.${l}.self_attn.${name}.weight`, shape);
  // rows 0 … E − 1 make the values, the others the output gate
  const hidden = attention('to_hidden.0', [2 * valueWidth, width]);
  // layer 0 has fusion weights too, and leaves them unused; with m = 0 no gate is used, and need not fit what it would let in
  const fusion = (which: 'k' | 'v', over: number): FusionParams => {
    const rows = (name: string): number | undefined =>
      weights[`model.layers.${l}.self_attn.${which}_select.${name}.weight`]?.shape[0];
    const rank = rows('fc1') ?? gateRank;
    const out = denseLayers > 0 ? over : (rows('fc2') ?? over);
    const down = attention(`${which}_select.fc1`, [rank, width]);
    return {
      gates: [{ down, up: attention(`${which}_select.fc2`, [out, rank]) }],
      norm: attention(`${which}_norm`, [over]),
    };
  };
  return {
    inputNorm: weightOf(weights, `model.layers.${l}.input_layernorm.weight`, [width]),
    query: attention('q_proj', [keyWidth, width]),
    key: attention('k_proj', [keyWidth, width]),
    value: slice(hidden, 0, 0, valueWidth),
    outputGate: slice(hidden, 0, valueWidth, 2 * valueWidth),
    groupNorm: attention('group_norm', [valueWidth / heads]),
    output: attention('to_out.0', [width, valueWidth]),
    ...(l > 0 && { keyFusion: fusion('k', keyWidth), valueFusion: fusion('v', valueWidth) }),
  };
}
