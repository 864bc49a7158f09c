/**
 * @file Mamba as a language model: a residual stack of blocks. The embedding is also the read-out. It only composes functions of
 * nn.
 */
import { embedding } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { checkMode, type Mode } from '../nn/mode.ts';
import { rmsNorm } from '../nn/norms.ts';
import { zerosLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Value } from '../tensor/value.ts';
import {
  checkParameters,
  checkStep,
  type Drop,
  dropNothing,
  type LanguageModel,
  type ModelResult,
  type ModelState,
} from './language-model.ts';
import { type MambaLayer, type MambaLayerState, mambaBlock } from './mamba-block.ts';
import { checkMamba, freshMamba, type MambaConfig, mambaShapes } from './mamba-config.ts';

/** Weights of Mamba: `embedding` [rows, d], the read-out `head` [rows, d] unless it is the embedding, and `finalNorm` [d]. */
export type MambaParams = {
  readonly embedding: Value;
  readonly layers: readonly MambaLayer[];
  readonly finalNorm: Value;
  readonly head?: Value | undefined;
};

/** State of a layer before the first token, on the executor of `x`. */
export const emptyMambaState = (
  x: Value,
  { innerWidth, stateSize, convolutionWidth }: MambaConfig,
  batch: number,
): MambaLayerState => ({
  conv: zerosLike(x, [batch, convolutionWidth, innerWidth]),
  ssm: zerosLike(x, [batch, innerWidth, stateSize]),
});

function start(params: MambaParams, config: MambaConfig, batch: number): ModelState<MambaLayerState> {
  checkParameters(mamba, params, config);
  return { position: 0, layers: params.layers.map(() => emptyMambaState(params.embedding, config, batch)) };
}

function forward(
  params: MambaParams,
  config: MambaConfig,
  tokens: Value,
  state: ModelState<MambaLayerState>,
  mode: Mode,
  drop: Drop = dropNothing,
): ModelResult<MambaLayerState> {
  checkStep('mamba', config.layers, params.layers, tokens, state);
  checkMode('mamba', mode);
  let x = drop(embedding(params.embedding, tokens));
  const layers = params.layers.map((layer, l) => {
    const path = `layers.${l}.`;
    const normed = rmsNorm(site(x, `hidden.${l}`), layer.inputNorm, config.epsilon);
    const result = mambaBlock(layer, site(normed, `${path}input`), state.layers[l]!, mode, path);
    x = add(x, drop(result.y));
    return result.state;
  });
  const hidden = rmsNorm(site(x, `hidden.${params.layers.length}`), params.finalNorm, config.epsilon);
  return {
    logits: linear(hidden, params.head ?? params.embedding),
    state: { position: state.position + tokens.shape[1]!, layers },
  };
}

/** Mamba as a language model. Parallel mode uses the primitive linearScan. */
export const mamba: LanguageModel<MambaConfig, MambaParams, MambaLayerState> = {
  name: 'mamba',
  check: checkMamba,
  shapes: mambaShapes,
  start,
  forward,
  fresh: freshMamba,
};
