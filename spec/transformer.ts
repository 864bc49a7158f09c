/**
 * @file The Transformer baseline, LLaMA-like: RMS norm before each branch, rotary positions, softmax attention, SwiGLU.
 * For one sequence. Not numbered in the paper. The division of scores by √d is from [C]. The rest is usual for language models and does
 * not come from the paper.
 */
import { attention, emptyCache, extendCache, type KeyValueCache } from './01-attention.ts';
import { type GatedFeedForward, swiGlu } from './02-feed-forward.ts';
import { embed, readOut } from './language-model.ts';
import { headChannels } from './multi-scale-retention.ts';
import { add, given, type Matrix, matVec, type Vector } from './notation.ts';
import type { Reading } from './readings.ts';
import { rmsNorm, rmsNormRows } from './rms-norm.ts';
import { rotatePairs, usualRotaryFrequencies } from './rotary.ts';

/** The sizes and rotations of a Transformer. */
export interface TransformerConfig {
  readonly vocabulary: number;
  /** Channels of the residual stream, and of queries, keys and values over all heads. */
  readonly width: number;
  readonly heads: number;
  readonly ffnWidth: number;
  readonly layers: number;
  readonly epsilon: number;
  /** The base of the rotary frequencies: LLaMA's 10000. */
  readonly rotaryBase: number;
  readonly rotaryPairs: Reading<'rotaryPairs'>;
  readonly scoreScaling: Reading<'scoreScaling'>;
}

/** The weights of a layer: attention, and the network behind it. */
export interface TransformerLayer {
  /** [width] */
  readonly inputNorm: Vector;
  /** [width, width] */
  readonly query: Matrix;
  /** [width, width] */
  readonly key: Matrix;
  /** [width, width] */
  readonly value: Matrix;
  /** [width, width] */
  readonly output: Matrix;
  /** [width] */
  readonly ffnNorm: Vector;
  readonly ffn: GatedFeedForward;
}

/** All weights of a Transformer. */
export interface TransformerParameters {
  /** [vocabulary][width] */
  readonly embedding: Matrix;
  readonly layers: readonly TransformerLayer[];
  /** [width] */
  readonly finalNorm: Vector;
  /** [vocabulary, width]. If absent, the embedding is also the head. */
  readonly head?: Matrix;
}

/** Rows of the stream, and the rotated keys and values of each head, for later tokens. */
interface Attended {
  readonly rows: Matrix;
  /** [h] */
  readonly caches: readonly KeyValueCache[];
}

/** Logits, and the caches of all layers and heads after the last token. */
export interface TransformerResult {
  readonly logits: Matrix;
  /** [l][h] */
  readonly caches: readonly (readonly KeyValueCache[])[];
}

/**
 * logits = W_head rms(s^L), s^0 = Embed[tokens]; in each layer s ← s + Attention(rms(s)), then s ← s + SwiGLU(rms(s)).
 * `before` [l][h] holds the keys and values of earlier tokens; positions continue after them.
 * Shapes: tokens [t], logits [t][vocabulary].
 */
export function transformer(
  params: TransformerParameters,
  config: TransformerConfig,
  tokens: readonly number[],
  before?: TransformerResult['caches'],
): TransformerResult {
  let s = embed(params.embedding, tokens);
  const caches = params.layers.map((layer, l) => {
    const result = transformerLayer(layer, config, s, before?.[l]);
    s = result.rows;
    return result.caches;
  });
  return { logits: readOut(s, params.finalNorm, params.head ?? params.embedding, config.epsilon), caches };
}

/** One layer. Shapes: s [t][width], result [t][width]. */
function transformerLayer(
  layer: TransformerLayer,
  config: TransformerConfig,
  s: Matrix,
  before: readonly KeyValueCache[] | undefined,
): Attended {
  const attended = multiHeadAttention(layer, config, rmsNormRows(s, layer.inputNorm, config.epsilon), before);
  const mixed = s.map((row, t) => add(row, attended.rows[t]!));
  const rows = mixed.map((row) => add(row, swiGlu(layer.ffn, rmsNorm(row, layer.ffnNorm, config.epsilon))));
  return { rows, caches: attended.caches };
}

type AttentionWeights = Pick<TransformerLayer, 'query' | 'key' | 'value' | 'output'>;

/**
 * Multi-head attention: Σ_a Attention_a(x) over the heads a. Each head has its own channels of q, k and v and its own columns of W_o.
 * Shapes: x [t][width], result [t][width].
 */
export function multiHeadAttention(
  weights: AttentionWeights,
  config: TransformerConfig,
  x: Matrix,
  before?: readonly KeyValueCache[],
): Attended {
  const perHead = Array.from({ length: config.heads }, (_, a) => {
    const cache = before === undefined ? emptyCache : given(before[a], `the cache of head ${a}`);
    return headAttention(weights, config, x, a, cache);
  });
  const rows = x.map((_, t) => perHead.map((head) => head.rows[t]!).reduce(add));
  return { rows, caches: perHead.map(({ cache }) => cache) };
}

/** Attention(rot(q), rot(k), v) of head a. Queries and keys of token p are rotated by p. Shapes: x [t][width], rows [t][width]. */
function headAttention(
  weights: AttentionWeights,
  config: TransformerConfig,
  x: Matrix,
  a: number,
  cache: KeyValueCache,
) {
  const project = (weight: Matrix) => x.map((row) => matVec(weight, row));
  const channels = (weight: Matrix) => headChannels(project(weight), a, config.heads);
  const [q, k] = [weights.query, weights.key].map((weight) => turnRows(channels(weight), cache.keys.length, config));
  const v = channels(weights.value);
  const rows = attention(q!, k!, v, headChannels(weights.output, a, config.heads), config.scoreScaling, cache);
  return { rows, cache: extendCache(cache, k!, v) };
}

/** Rotates each row by its position, beginning with `first`. Shapes: rows [t][d], result [t][d]. */
function turnRows(rows: Matrix, first: number, { rotaryBase, rotaryPairs }: TransformerConfig): Matrix {
  return rows.map((row, t) => rotatePairs(row, first + t, usualRotaryFrequencies(row.length, rotaryBase), rotaryPairs));
}
