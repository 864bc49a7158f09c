/**
 * @file DenseRetNet: a stack of GAU-like retention blocks that fuses keys and values of shallow layers into those of deeper ones.
 * It only composes functions of nn. It applies Eqs. 15–25; the block around them follows the authors' code [C].
 */

import { silu } from '../nn/activations.ts';
import { denseFusion, type FusionParams } from '../nn/dense-fusion.ts';
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
import { freshFusion, sourcesOf } from './fusion-shapes.ts';
import { checkParameters, checkStep, type LanguageModel, type ModelResult, type ModelState } from './language-model.ts';

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
  readonly keyFusion?: FusionParams | undefined;
  readonly valueFusion?: FusionParams | undefined;
};

/** Weights of DenseRetNet: `embedding` and `head` [vocabulary, h], `finalNorm` [h]. */
export type DenseRetNetParams = {
  readonly embedding: Value;
  readonly layers: readonly DenseRetNetLayer[];
  readonly finalNorm: Value;
  readonly head: Value;
};

/** Keys [b, t, keyWidth] and values [b, t, valueWidth] that a layer passes to deeper layers. */
interface Passed {
  readonly k: Value;
  readonly v: Value;
}

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
): ModelResult {
  checkStep('denseRetNet', config.layers, params.layers, tokens, state);
  const passed: Passed[] = [];
  let x = embedding(params.embedding, tokens, config.padToken);
  const layers = params.layers.map((layer, l) => {
    const result = block(layer, config, l, site(x, `hidden.${l}`), passed, state.layers[l]!, mode, state.position);
    passed.push(result.passed);
    x = add(x, result.y);
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
  shallower: readonly Passed[],
  state: Value,
  mode: Mode,
  position: number,
): { y: Value; state: Value; passed: Passed } {
  const { epsilon, heads, keyWidth, readings } = config;
  const path = `layers.${l}.`;
  const x = site(rmsNorm(hidden, layer.inputNorm, epsilon), `${path}input`);
  const projected = (weight: Value, name: string): Value => silu(site(linear(x, weight), `${path}${name}Projected`));
  const q = projected(layer.query, 'query');
  const own: Passed = {
    k: site(scale(projected(layer.key, 'key'), (keyWidth / heads) ** -0.5), `${path}key`),
    v: site(projected(layer.value, 'value'), `${path}value`),
  };
  const outputGate = site(projected(layer.outputGate, 'outputGate'), `${path}outputGate`);

  // Eqs. 21–24: keys and values of the preceding layers, nearest first, gated by this layer's input
  const sources = sourcesOf(config, l).map((from) => shallower[from]!);
  const fuse = (which: 'k' | 'v', params: FusionParams | undefined, name: string): Value =>
    params === undefined
      ? own[which]
      : site(
          denseFusion(
            own[which],
            sources.map((source) => source[which]),
            x,
            params,
            { activation: readings.gateActivation, fusion: readings.fusion, epsilon, path: `${path}${name}` },
          ),
          `${path}${name}Normed`,
        );
  const fused: Passed = { k: fuse('k', layer.keyFusion, 'key'), v: fuse('v', layer.valueFusion, 'value') };

  const retention = multiHeadRetention(
    { q, ...fused },
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
    passed: readings.pass === 'raw' ? own : fused,
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
