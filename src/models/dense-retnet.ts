/**
 * @file DenseRetNet: a stack of GAU-like retention blocks that fuses keys and values of shallow layers into those of deeper ones.
 * It only composes functions of nn. It applies Eqs. 15–25; the block around them follows the authors' code [C].
 */

import { silu } from '../nn/activations.ts';
import { embedding } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import type { Mode } from '../nn/mode.ts';
import { multiHeadRetention, retnetDecays } from '../nn/multi-head-retention.ts';
import { rmsNorm } from '../nn/norms.ts';
import { zerosLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Value } from '../tensor/value.ts';
import { checkDenseRetNet, type DenseRetNetConfig, denseRetNetShapes } from './dense-retnet-config.ts';
import { denseFeatures, type FeatureFusions, type Features } from './feature-fusion.ts';
import { freshFusion } from './fusion-shapes.ts';
import {
  checkParameters,
  checkStep,
  type Drop,
  dropNothing,
  type LanguageModel,
  type ModelResult,
  type ModelState,
} from './language-model.ts';

/** Weights of one layer, [out, in]; h width, r gate rank, d_k and d_v channels of a head. Only layers that fuse have fusions. */
export type DenseRetNetLayer = {
  /** [h] */
  readonly inputNorm: Value;
  /** [keyWidth, h] */
  readonly query: Value;
  /** [keyWidth, h] */
  readonly key: Value;
  /** [valueWidth, h] */
  readonly value: Value;
  /** [valueWidth, h] */
  readonly outputGate: Value;
  /** [d_v] */
  readonly groupNorm: Value;
  /** [h, valueWidth] */
  readonly output: Value;
} & FeatureFusions;

/** Weights of DenseRetNet: `embedding` and `head` [vocabulary, h], `finalNorm` [h]. */
export type DenseRetNetParams = {
  readonly embedding: Value;
  readonly layers: readonly DenseRetNetLayer[];
  readonly finalNorm: Value;
  readonly head: Value;
};

function start(params: DenseRetNetParams, config: DenseRetNetConfig, batch: number): ModelState {
  checkParameters(denseRetNet, params, config);
  const { heads, keyWidth, valueWidth } = config;
  const shape = [batch, heads, keyWidth / heads, valueWidth / heads];
  return { position: 0, layers: params.layers.map(() => zerosLike(params.embedding, shape)) };
}

function forward(
  params: DenseRetNetParams,
  config: DenseRetNetConfig,
  tokens: Value,
  state: ModelState,
  mode: Mode,
  drop: Drop = dropNothing,
): ModelResult {
  checkStep('denseRetNet', config.layers, params.layers, tokens, state);
  const connected = denseFeatures(config);
  let x = drop(embedding(params.embedding, tokens, config.padToken));
  const layers = params.layers.map((layer, l) => {
    const result = block(layer, config, l, site(x, `hidden.${l}`), connected, state.layers[l]!, mode, state.position);
    x = add(x, drop(result.y));
    return result.state;
  });
  const hidden = site(rmsNorm(x, params.finalNorm, config.epsilon), `hidden.${params.layers.length}`);
  return {
    logits: linear(hidden, params.head),
    state: { position: state.position + tokens.shape[1]!, layers },
  };
}

function block(
  layer: DenseRetNetLayer,
  config: DenseRetNetConfig,
  l: number,
  hidden: Value,
  connected: ReturnType<typeof denseFeatures>,
  state: Value,
  mode: Mode,
  position: number,
): { y: Value; state: Value } {
  const { epsilon, heads, keyWidth, readings } = config;
  const path = `layers.${l}.`;
  const x = site(rmsNorm(hidden, layer.inputNorm, epsilon), `${path}input`);
  const projected = (weight: Value, name: string): Value => silu(site(linear(x, weight), `${path}${name}Projected`));
  const q = projected(layer.query, 'query');
  const own: Features = {
    key: site(scale(projected(layer.key, 'key'), (keyWidth / heads) ** -0.5), `${path}key`),
    value: site(projected(layer.value, 'value'), `${path}value`),
  };
  const outputGate = site(projected(layer.outputGate, 'outputGate'), `${path}outputGate`);

  const { key: k, value: v } = connected(own, x, layer, path);
  const retention = multiHeadRetention(
    { q, k, v },
    state,
    layer.groupNorm,
    { decay: retnetDecays(heads), epsilon, ...readings },
    mode,
    { position, path },
  );
  const gated = site(mul(retention.output, outputGate), `${path}gated`);
  return {
    y: site(linear(gated, layer.output), `${path}output`),
    state: retention.state,
  };
}

/** DenseRetNet as a language model. */
export const denseRetNet: LanguageModel<DenseRetNetConfig, DenseRetNetParams> = {
  name: 'dense-retnet',
  check: checkDenseRetNet,
  shapes: denseRetNetShapes,
  start,
  forward,
  fresh: (_config, path, shape, random) => freshFusion(path, shape, random),
};
