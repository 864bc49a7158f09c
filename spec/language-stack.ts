/**
 * @file Language models of one kind of layer, for one sequence: a residual stack of token mixers, plain or with dense keys and values.
 * Not numbered in the paper. The plain stack is [T], that of each mixer's source. The dense one is our own extension: the paper describes the
 * connection for RetNet's keys and values (Eqs. 21-24) and calls it general, but neither it nor its code has these models.
 */

import type { GatedFeedForward } from './02-feed-forward.ts';
import { swiGlu } from './02-feed-forward.ts';
import type { FusionParameters, FusionRule } from './21-dense-keys-and-values.ts';
import { fusedFeatures } from './dense-retnet.ts';
import { embed, readOut } from './language-model.ts';
import { add, type Matrix, type Vector } from './notation.ts';
import type { Reading } from './readings.ts';
import { rmsNorm, rmsNormRows } from './rms-norm.ts';

/** The keys and the values of a layer, over all heads, [t][w] each. */
export interface Features {
  readonly key: Matrix;
  readonly value: Matrix;
}

/** Returns the keys and values that a layer uses instead of its own. */
export type Share = (own: Features) => Features;

/** A token mixer: from normed inputs x [t][width] to outputs [t][width], and from a state to a state. It calls `share` once. */
export type TokenMixer<L, C, S> = (
  layer: L,
  config: C,
  x: Matrix,
  state: S | undefined,
  share: Share,
) => { readonly output: Matrix; readonly state: S };

/** What every layer has around its mixer. */
export interface StackLayer {
  /** [width] */
  readonly inputNorm: Vector;
  /** [width]; present if there is a feed-forward network */
  readonly ffnNorm?: Vector;
  readonly ffn?: GatedFeedForward;
  /** Present in layers that have sources. */
  readonly keyFusion?: FusionParameters;
  readonly valueFusion?: FusionParameters;
}

/** All weights of a stack of layers. */
export interface StackParameters<L> {
  /** [rows][width]. There may be more rows than tokens in the vocabulary. */
  readonly embedding: Matrix;
  readonly layers: readonly (L & StackLayer)[];
  /** [width] */
  readonly finalNorm: Vector;
  /** [rows, width]. Without it, the embedding is the read-out. */
  readonly head?: Matrix;
}

/** ε, and the settings of the dense connection, absent in a plain model. */
export interface StackConfig {
  readonly epsilon: number;
  readonly denseLayers?: number;
  readonly readings?: FusionRule['readings'] & {
    readonly pass: Reading<'pass'>;
    readonly firstLayer: Reading<'firstLayer'>;
  };
}

/** Parameters, configuration, tokens [t], and the state of each layer; without states, these are the first tokens of the sequence. */
export type StackInput<L, C, S> = [
  params: StackParameters<L>,
  config: C,
  tokens: readonly number[],
  states?: readonly S[] | undefined,
];

/**
 * logits = W_head rms(s^L), s^0 = Embed[tokens], s' = s^l + mixer_l(rms(s^l)), s^{l+1} = s' + SwiGLU_l(rms(s')), or s' without a
 * feed-forward network. In a dense stack, keys and values are fused with those of the m layers before, at the same token, gated by
 * rms(s^l).
 * Shapes: logits [t][rows].
 */
export function languageStack<L, C extends StackConfig, S>(mixer: TokenMixer<L, C, S>, ...input: StackInput<L, C, S>) {
  const [params, config, tokens, states = []] = input;
  let s = embed(params.embedding, tokens);
  const passed: Features[] = [];
  const left = params.layers.map((layer, l) => {
    const x = rmsNormRows(s, layer.inputNorm, config.epsilon);
    const mixed = mixer(layer, config, x, states[l], (own) => connected(own, passed, x, layer, config));
    s = s.map((row, t) => withFeedForward(layer, config.epsilon, add(row, mixed.output[t]!)));
    return mixed.state;
  });
  const logits = readOut(s, params.finalNorm, params.head ?? params.embedding, config.epsilon);
  return { logits, states: left };
}

/** Fuses keys and values with those that the layers before have passed on, and passes on the raw or the fused ones. */
function connected(own: Features, passed: Features[], x: Matrix, layer: StackLayer, config: StackConfig): Features {
  const { denseLayers, readings, epsilon } = config;
  if (denseLayers === undefined || readings === undefined) return own;
  const fuse = (name: keyof Features, weights?: FusionParameters): Matrix => {
    const shallow = passed.map((features) => features[name]);
    return fusedFeatures(own[name], shallow, x, weights, { denseLayers, readings, epsilon });
  };
  const fused = { key: fuse('key', layer.keyFusion), value: fuse('value', layer.valueFusion) };
  passed.push(readings.pass === 'raw' ? own : fused);
  return fused;
}

/** s + SwiGLU(rms(s)), or s. */
function withFeedForward({ ffn, ffnNorm }: StackLayer, epsilon: number, s: Vector): Vector {
  return ffn === undefined ? s : add(s, swiGlu(ffn, rmsNorm(s, ffnNorm ?? null, epsilon)));
}
