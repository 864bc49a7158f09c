/**
 * @file The paper's baseline, a LLaMA-like Transformer. Each layer has softmax attention with rotary positions (Eq. 1) and a gated
 * feed-forward network. It only composes functions of nn.
 */
import type { KeyValueCache } from '../nn/attention/inputs.ts';
import { embedding } from '../nn/embedding.ts';
import { type GatedFeedForwardParams, swiGlu } from '../nn/feed-forward.ts';
import { linear } from '../nn/linear.ts';
import type { Mode, Place } from '../nn/mode.ts';
import { type MultiHeadAttentionConfig, multiHeadAttention, type ScoreScaling } from '../nn/multi-head-attention.ts';
import { rmsNorm } from '../nn/norms.ts';
import type { RotaryPairs } from '../nn/rotary.ts';
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { zerosLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { type Choices, checkEpsilon, checkReadings, checkWhole } from './check.ts';
import {
  checkParameters,
  checkStep,
  type Drop,
  dropNothing,
  type LanguageModel,
  type ModelResult,
  type ModelState,
} from './language-model.ts';

/** Sizes and readings of the Transformer. spec/readings.ts has the evidence of the readings. */
export interface TransformerConfig extends MultiHeadAttentionConfig {
  readonly vocabulary: number;
  /** h: channels of the residual stream, and of queries, keys and values over all heads. */
  readonly width: number;
  /** F: hidden channels of the feed-forward network. */
  readonly ffnWidth: number;
  readonly layers: number;
  readonly epsilon: number;
  /** True if the embedding is also the read-out. If false, there is a weight `head`. */
  readonly tiedHead: boolean;
}

/** Weights of one layer, [out, in]: norms [h]; query, key, value, output [h, h]; feed-forward `gate`, `up` [F, h] and `down` [h, F]. */
export type TransformerLayer = {
  readonly inputNorm: Value;
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly output: Value;
  readonly ffnNorm: Value;
  readonly ffn: GatedFeedForwardParams;
};

/** Weights of the Transformer: `embedding`, `finalNorm` [h], and `head` unless tied. Embedding and head are [vocabulary, h]. */
export type TransformerParams = {
  readonly embedding: Value;
  readonly layers: readonly TransformerLayer[];
  readonly finalNorm: Value;
  readonly head?: Value | undefined;
};

/** State of the Transformer: a key-value cache for each layer. */
export type TransformerState = ModelState<KeyValueCache>;

/**
 * Fills in default sizes, as in LLaMA: ffnWidth ⌈8h/3⌉, ε 1e-6, base 10000, pairs of halves, scores divided by √d, a separate head.
 * @example
 * transformerConfig({ vocabulary: 8, width: 6, heads: 1, layers: 2 }).ffnWidth // 16
 */
export function transformerConfig(
  sizes: Pick<TransformerConfig, 'vocabulary' | 'width' | 'heads' | 'layers'> & Partial<TransformerConfig>,
): TransformerConfig {
  return {
    ffnWidth: Math.ceil((8 * sizes.width) / 3),
    epsilon: 1e-6,
    rotaryBase: 10000,
    rotaryPairs: 'halves',
    scoreScaling: 'rootKeyWidth',
    tiedHead: false,
    ...sizes,
  };
}

function start(params: TransformerParams, config: TransformerConfig, batch: number): TransformerState {
  checkParameters(transformer, params, config);
  const shape = [batch, config.heads, 0, config.width / config.heads];
  const empty = (): Value => zerosLike(params.embedding, shape);
  return { position: 0, layers: params.layers.map(() => ({ keys: empty(), values: empty() })) };
}

function forward(
  params: TransformerParams,
  config: TransformerConfig,
  tokens: Value,
  state: TransformerState,
  mode: Mode,
  drop: Drop = dropNothing,
): ModelResult<KeyValueCache> {
  checkStep('transformer', config.layers, params.layers, tokens, state);
  let x = drop(embedding(params.embedding, tokens));
  const layers = params.layers.map((layer, l) => {
    const place = { position: state.position, path: `layers.${l}.` };
    const result = block(layer, config, site(x, `hidden.${l}`), state.layers[l]!, mode, { ...place, drop });
    x = result.x;
    return result.state;
  });
  const last = site(x, `hidden.${params.layers.length}`);
  return {
    logits: linear(rmsNorm(last, params.finalNorm, config.epsilon), params.head ?? params.embedding),
    state: { position: state.position + tokens.shape[1]!, layers },
  };
}

function block(
  layer: TransformerLayer,
  config: TransformerConfig,
  stream: Value,
  state: KeyValueCache,
  mode: Mode,
  { drop, ...place }: Place & { readonly drop: Drop },
): { x: Value; state: KeyValueCache } {
  const x = rmsNorm(stream, layer.inputNorm, config.epsilon);
  const projected = { q: linear(x, layer.query), k: linear(x, layer.key), v: linear(x, layer.value) };
  const attention = multiHeadAttention(projected, state, config, mode, place);
  const mixed = add(stream, drop(linear(attention.output, layer.output)));
  const network = swiGlu(rmsNorm(mixed, layer.ffnNorm, config.epsilon), layer.ffn);
  return { x: add(mixed, drop(network)), state: attention.state };
}

const choices: Choices<{ scoreScaling: ScoreScaling; rotaryPairs: RotaryPairs; tiedHead: boolean }> = {
  scoreScaling: ['none', 'rootKeyWidth'],
  rotaryPairs: ['neighbours', 'halves'],
  tiedHead: [false, true],
};

function check(config: TransformerConfig): void {
  checkWhole('transformer', config, ['vocabulary', 'width', 'heads', 'ffnWidth', 'layers'], 1);
  const { width, heads, epsilon, rotaryBase } = config;
  if (width % (2 * heads) !== 0) {
    fail(
      `transformer: width ${width} with ${heads} heads; it must be a multiple of ${2 * heads}, as rotation pairs channels`,
    );
  }
  checkEpsilon('transformer', epsilon);
  if (typeof rotaryBase !== 'number' || !(rotaryBase >= 1 && rotaryBase < Infinity)) {
    fail(`transformer: rotaryBase is ${described(rotaryBase)}; it is a finite number of at least 1, 10000 in LLaMA`);
  }
  checkReadings('transformer', config, choices);
}

function shapes({ vocabulary, width, ffnWidth, layers, tiedHead }: TransformerConfig): Record<string, Shape> {
  const all: Record<string, Shape> = { embedding: [vocabulary, width] };
  for (let l = 0; l < layers; l++) {
    const path = `layers.${l}`;
    for (const norm of ['inputNorm', 'ffnNorm']) all[`${path}.${norm}`] = [width];
    for (const map of ['query', 'key', 'value', 'output']) all[`${path}.${map}`] = [width, width];
    for (const map of ['gate', 'up']) all[`${path}.ffn.${map}`] = [ffnWidth, width];
    all[`${path}.ffn.down`] = [width, ffnWidth];
  }
  all.finalNorm = [width];
  return tiedHead ? all : { ...all, head: [vocabulary, width] };
}

/** The Transformer as a language model. */
export const transformer: LanguageModel<TransformerConfig, TransformerParams, KeyValueCache> = {
  name: 'transformer',
  check,
  shapes,
  start,
  forward,
};
