/** @file RetNet as in torchscale [C]: retention and a gated feed-forward network in each layer. It only composes functions of nn. */
import { silu } from '../nn/activations.ts';
import { embedding } from '../nn/embedding.ts';
import { type FeedForwardActivation, type GatedFeedForwardParams, geGlu, swiGlu } from '../nn/feed-forward.ts';
import { linear } from '../nn/linear.ts';
import type { Mode, Place } from '../nn/mode.ts';
import { multiHeadRetention, type RotationPhase, retnetDecays } from '../nn/multi-head-retention.ts';
import { rmsNorm } from '../nn/norms.ts';
import type { RetentionNorm } from '../nn/retention/normalised.ts';
import { fail } from '../tensor/errors.ts';
import { zerosLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { checkEpsilon, checkFinite, checkFlags, checkReadings, checkWhole, retentionReadings } from './check.ts';
import {
  checkParameters,
  checkStep,
  type Drop,
  dropNothing,
  type LanguageModel,
  type ModelResult,
  type ModelState,
} from './language-model.ts';

/** Sizes of RetNet. */
export interface RetNetConfig {
  readonly vocabulary: number;
  /** h: channels of the residual stream, of queries and of keys. */
  readonly width: number;
  readonly heads: number;
  /** Channels of values, over all heads. */
  readonly valueWidth: number;
  /** F: hidden channels of the feed-forward network. */
  readonly ffnWidth: number;
  readonly layers: number;
  readonly epsilon: number;
  /** Factor of the embeddings: √h in torchscale. */
  readonly embeddingScale: number;
  /** α: factor of the residual stream before a branch is added. It is 1, or (2L)^{1/4} with deepnorm. */
  readonly residualScale: number;
  readonly retentionNorm: RetentionNorm;
  readonly rotationPhase: RotationPhase;
  /** Activation in the feed-forward network. SiLU where it is missing. */
  readonly ffnActivation?: FeedForwardActivation | undefined;
  /** True if the embedding is also the read-out. Else there is a weight `head`. */
  readonly tiedHead?: boolean | undefined;
}

/** Weights of multi-scale retention, [out, in]: query, key [h, h]; value, outputGate [valueWidth, h]; output [h, valueWidth]. */
export type MultiScaleRetentionParams = {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly outputGate: Value;
  readonly output: Value;
};

/** Weights of one layer: norms [h], feed-forward `up`, `gate` [F, h] and `down` [h, F]. */
export type RetNetLayer = MultiScaleRetentionParams & {
  readonly inputNorm: Value;
  readonly ffnNorm: Value;
  readonly ffn: GatedFeedForwardParams;
};

/** Weights of RetNet: `embedding`, and `head` unless tied, [vocabulary, h], `finalNorm` [h]. */
export type RetNetParams = {
  readonly embedding: Value;
  readonly layers: readonly RetNetLayer[];
  readonly finalNorm: Value;
  readonly head?: Value | undefined;
};

/**
 * Multi-scale retention of `x` [b, t, h] from a state [b, heads, d, e]: `W_o (silu(W_g x) ⊙ norm(retention))`. Keys are scaled by
 * `d^{−1/2}`, and the group norm has no weight.
 */
export function multiScaleRetention(
  params: MultiScaleRetentionParams,
  config: Pick<RetNetConfig, 'heads' | 'epsilon' | 'retentionNorm' | 'rotationPhase'>,
  x: Value,
  state: Value,
  mode: Mode,
  place: Place = { position: 0, path: '' },
): { output: Value; state: Value } {
  const q = linear(x, params.query);
  const k = scale(linear(x, params.key), (q.shape[2]! / config.heads) ** -0.5);
  const v = linear(x, params.value);
  const retention = multiHeadRetention(
    { q, k, v },
    state,
    undefined,
    { ...config, decay: retnetDecays(config.heads) },
    mode,
    place,
  );
  const gated = mul(silu(linear(x, params.outputGate)), retention.output);
  return { output: linear(gated, params.output), state: retention.state };
}

function start(params: RetNetParams, config: RetNetConfig, batch: number): ModelState {
  checkParameters(retNet, params, config);
  const { heads, width, valueWidth } = config;
  const shape = [batch, heads, width / heads, valueWidth / heads];
  return { position: 0, layers: params.layers.map(() => zerosLike(params.embedding, shape)) };
}

function forward(
  params: RetNetParams,
  config: RetNetConfig,
  tokens: Value,
  state: ModelState,
  mode: Mode,
  drop: Drop = dropNothing,
): ModelResult {
  checkStep('retnet', config.layers, params.layers, tokens, state);
  const { epsilon, embeddingScale } = config;
  let x = drop(scale(embedding(params.embedding, tokens), embeddingScale));
  const layers = params.layers.map((layer, l) => {
    const place = { position: state.position, path: `layers.${l}.` };
    const result = block(layer, config, site(x, `hidden.${l}`), state.layers[l]!, mode, { ...place, drop });
    x = result.x;
    return result.state;
  });
  const last = site(x, `hidden.${params.layers.length}`);
  return {
    logits: linear(rmsNorm(last, params.finalNorm, epsilon), params.head ?? params.embedding),
    state: { position: state.position + tokens.shape[1]!, layers },
  };
}

function block(
  layer: RetNetLayer,
  config: RetNetConfig,
  x: Value,
  state: Value,
  mode: Mode,
  { drop, ...place }: Place & { readonly drop: Drop },
): { x: Value; state: Value } {
  const { epsilon, residualScale } = config;
  const plus = (stream: Value, branch: Value): Value => add(scale(stream, residualScale), drop(branch));
  const retention = multiScaleRetention(layer, config, rmsNorm(x, layer.inputNorm, epsilon), state, mode, place);
  const mixed = plus(x, retention.output);
  const normed = rmsNorm(mixed, layer.ffnNorm, epsilon);
  // torchscale swaps LLaMA's names: the activation applies to `up`
  const { up, gate, down } = layer.ffn;
  const network = config.ffnActivation === 'gelu' ? geGlu : swiGlu;
  return { x: plus(mixed, network(normed, { gate: up, up: gate, down })), state: retention.state };
}

function check(config: RetNetConfig): void {
  checkWhole('retnet', config, ['vocabulary', 'width', 'heads', 'valueWidth', 'ffnWidth', 'layers'], 1);
  const { width, heads, valueWidth } = config;
  if (width % (2 * heads) !== 0) {
    fail(
      `retnet: width ${width} with ${heads} heads; it must be a multiple of ${2 * heads}, as rotation pairs channels`,
    );
  }
  if (valueWidth % heads !== 0) fail(`retnet: valueWidth ${valueWidth} is not a multiple of ${heads} heads`);
  checkEpsilon('retnet', config.epsilon);
  checkFinite('retnet', config, ['embeddingScale', 'residualScale']);
  checkReadings('retnet', config, retentionReadings);
  if (config.ffnActivation !== undefined)
    checkReadings<Pick<RetNetConfig, 'ffnActivation'>>('retnet', config, { ffnActivation: ['silu', 'gelu'] });
  if (config.tiedHead !== undefined) checkFlags('retnet', config, ['tiedHead']);
}

function shapes({ vocabulary, width, valueWidth, ffnWidth, layers, tiedHead }: RetNetConfig): Record<string, Shape> {
  const all: Record<string, Shape> = { embedding: [vocabulary, width] };
  for (let l = 0; l < layers; l++) {
    const path = `layers.${l}`;
    Object.assign(all, {
      [`${path}.inputNorm`]: [width],
      [`${path}.query`]: [width, width],
      [`${path}.key`]: [width, width],
      [`${path}.value`]: [valueWidth, width],
      [`${path}.outputGate`]: [valueWidth, width],
      [`${path}.output`]: [width, valueWidth],
      [`${path}.ffnNorm`]: [width],
      [`${path}.ffn.up`]: [ffnWidth, width],
      [`${path}.ffn.gate`]: [ffnWidth, width],
      [`${path}.ffn.down`]: [width, ffnWidth],
    });
  }
  return { ...all, finalNorm: [width], ...(!tiedHead && { head: [vocabulary, width] }) };
}

/** RetNet as a language model. */
export const retNet: LanguageModel<RetNetConfig, RetNetParams> = { name: 'retnet', check, shapes, start, forward };
