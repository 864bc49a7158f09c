/**
 * @file Language models of one kind of layer: a residual stack of token mixers, each with a norm before it, and of feed-forward
 * networks. Its dense version is the same stack with the keys and values that its layers share (Eqs. 21–24).
 */
import { embedding } from '../nn/embedding.ts';
import { type GatedFeedForwardParams, swiGlu } from '../nn/feed-forward.ts';
import { linear } from '../nn/linear.ts';
import { checkMode, type Mode } from '../nn/mode.ts';
import { rmsNorm } from '../nn/norms.ts';
import { add } from '../tensor/primitives/add.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Rng } from '../tensor/random.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import { checkEpsilon, checkFlags, checkReadingsOnly, checkWhole } from './check.ts';
import {
  denseFeatures,
  type FeatureConnection,
  type FeatureFusions,
  type Features,
  featureChoices,
  featureFusionShapes,
  paperFeatureReadings,
} from './feature-fusion.ts';
import { freshFusion } from './fusion-shapes.ts';
import { checkParameters, checkStep, dropNothing, type LanguageModel } from './language-model.ts';
import { embeddingRows } from './mamba-config.ts';

/** Sizes that every stack has. */
export interface StackConfig {
  readonly vocabulary: number;
  /** d: channels of the residual stream. */
  readonly width: number;
  readonly layers: number;
  /** F: hidden channels of the feed-forward network (SwiGLU) after each mixer; 0 for none. */
  readonly ffnWidth: number;
  /** True if the embedding is also the read-out. If false, there is a weight `head`. */
  readonly tiedHead: boolean;
  /** Embedding and read-out have as many rows as the vocabulary, rounded up to a multiple of this. */
  readonly vocabularyMultiple: number;
  readonly epsilon: number;
}

/** The configuration of a stack's dense version: its own, m, the rank of the gates, and a reading for each open question. */
export type DenseStackConfig<C extends StackConfig> = C & FeatureConnection;

/** Weights around a mixer: norms [d], and a feed-forward network if there is one. */
export type StackLayer<L> = L & {
  readonly inputNorm: Value;
  readonly ffnNorm?: Value | undefined;
  readonly ffn?: GatedFeedForwardParams | undefined;
};

/** Weights of a stack: `embedding` [rows, d], the read-out `head` [rows, d] unless it is the embedding, and `finalNorm` [d]. */
export type StackParams<L> = {
  readonly embedding: Value;
  readonly layers: readonly StackLayer<L>[];
  readonly finalNorm: Value;
  readonly head?: Value | undefined;
};

/** What a mixer is called with, besides its weights and inputs. */
export interface Around {
  readonly mode: Mode;
  /** Prefix of the sites' names. */
  readonly path: string;
  /** Returns the keys and values that the layer uses instead of its own. A mixer calls it once. */
  share(own: Features): Features;
}

/** A token mixer with weights `L` and a state `S`, as the layers of a model under a configuration `C`. */
export interface TokenMixer<C extends StackConfig, L extends Tree, S extends Tree> {
  /** Name of the model, such as `gated-delta-net`. */
  readonly name: string;
  /** Name of the model in errors, such as `gatedDeltaNet`. */
  readonly call: string;
  /** Throws on wrong sizes of the mixer. */
  check(config: C, call: string): void;
  /** Shapes of a layer's weights by path, [out, in]. */
  shapes(config: C): Record<string, Shape>;
  /** Initial numbers of a layer's weight, or null for the default. */
  fresh(config: C, name: string, shape: Shape, random: Rng): Float64Array | null;
  /** Initial numbers of a map [out, in] of the connections between layers, where it starts as the mixer's own maps; else they have the default. */
  freshMap?(shape: Shape, random: Rng): Float64Array;
  /** Widths of the keys and values that a layer can share. */
  widths(config: C): Readonly<Record<keyof Features, number>>;
  /** State of a layer before the first token, on the executor of `like`. */
  start(config: C, like: Value, batch: number): S;
  /** Computes outputs [b, t, d] from normed inputs `x` [b, t, d], and the next state. */
  mix(layer: L, config: C, x: Value, before: S, around: Around): { readonly y: Value; readonly state: S };
}

/** Returns the function that fuses the keys and values of layer after layer. */
type Connect<C, L> = (config: C) => (own: Features, x: Value, layer: L, path: string) => Features;

function stackShapes<C extends StackConfig>(
  config: C,
  ofLayer: (l: number) => Record<string, Shape>,
): Record<string, Shape> {
  const { width, layers, ffnWidth, tiedHead } = config;
  const table = [embeddingRows(config), width];
  const all: Record<string, Shape> = { embedding: table };
  for (let l = 0; l < layers; l++) {
    const path = `layers.${l}`;
    all[`${path}.inputNorm`] = [width];
    for (const [name, shape] of Object.entries(ofLayer(l))) all[`${path}.${name}`] = shape;
    if (ffnWidth === 0) continue;
    all[`${path}.ffnNorm`] = [width];
    for (const map of ['gate', 'up']) all[`${path}.ffn.${map}`] = [ffnWidth, width];
    all[`${path}.ffn.down`] = [width, ffnWidth];
  }
  all.finalNorm = [width];
  return tiedHead ? all : { ...all, head: table };
}

function checkStack(call: string, config: StackConfig): void {
  checkWhole(call, config, ['vocabulary', 'width', 'layers', 'vocabularyMultiple'], 1);
  checkWhole(call, config, ['ffnWidth'], 0);
  checkFlags(call, config, ['tiedHead']);
  checkEpsilon(call, config.epsilon);
}

/** Builds `forward` of a stack, with a connection of its layers. */
const stackForward =
  <C extends StackConfig, L extends Tree, S extends Tree>(
    call: string,
    mixer: Pick<TokenMixer<C, L, S>, 'mix'>,
    connect: Connect<C, L>,
  ): LanguageModel<C, StackParams<L>, S>['forward'] =>
  (params, config, tokens, state, mode, drop = dropNothing) => {
    checkStep(call, config.layers, params.layers, tokens, state);
    checkMode(call, mode);
    const connected = connect(config);
    let x = drop(embedding(params.embedding, tokens));
    const layers = params.layers.map((layer, l) => {
      const path = `layers.${l}.`;
      const normed = site(rmsNorm(site(x, `hidden.${l}`), layer.inputNorm, config.epsilon), `${path}input`);
      const share = (own: Features): Features => connected(own, normed, layer, path);
      const mixed = mixer.mix(layer, config, normed, state.layers[l]!, { mode, path, share });
      x = add(x, drop(mixed.y));
      if (layer.ffn !== undefined) {
        x = add(x, drop(site(swiGlu(rmsNorm(x, layer.ffnNorm, config.epsilon), layer.ffn), `${path}ffn`)));
      }
      return mixed.state;
    });
    const hidden = rmsNorm(site(x, `hidden.${params.layers.length}`), params.finalNorm, config.epsilon);
    return {
      logits: linear(hidden, params.head ?? params.embedding),
      state: { position: state.position + tokens.shape[1]!, layers },
    };
  };

/** F of flash-linear-attention's default [T]: 8/3 of the stream's width, rounded up to a multiple of 256. */
export const swiGluWidth = (width: number): number => 256 * Math.ceil(Math.floor((8 * width) / 3) / 256);

/** The field of a layer that a path names, such as `aLog` of `layers.3.aLog`, or null. */
const fieldOf = (path: string): string | null => /^layers\.\d+\.(.+)$/.exec(path)?.[1] ?? null;

/** Makes a language model of a mixer. */
export function languageStack<C extends StackConfig, L extends Tree, S extends Tree>(
  mixer: TokenMixer<C, L, S>,
): LanguageModel<C, StackParams<L>, S> {
  const model: LanguageModel<C, StackParams<L>, S> = {
    name: mixer.name,
    check(config) {
      checkStack(mixer.call, config);
      mixer.check(config, mixer.call);
    },
    shapes: (config) => stackShapes(config, () => mixer.shapes(config)),
    fresh(config, path, shape, random) {
      const field = fieldOf(path);
      return field === null ? null : mixer.fresh(config, field, shape, random);
    },
    start(params, config, batch) {
      checkParameters<C, StackParams<L>>(model, params, config);
      return { position: 0, layers: params.layers.map(() => mixer.start(config, params.embedding, batch)) };
    },
    forward: stackForward(mixer.call, mixer, () => (own) => own),
  };
  return model;
}

/** Makes the dense version of a language model of a mixer: its layers fuse keys and values of the m layers before them. */
export function denseLanguageStack<C extends StackConfig, L extends Tree, S extends Tree>(
  mixer: TokenMixer<C, L, S>,
): LanguageModel<DenseStackConfig<C>, StackParams<L & FeatureFusions>, S> {
  const call = `dense${mixer.call.slice(0, 1).toUpperCase()}${mixer.call.slice(1)}`;
  const model: LanguageModel<DenseStackConfig<C>, StackParams<L & FeatureFusions>, S> = {
    name: `dense-${mixer.name}`,
    check(config) {
      checkStack(call, config);
      mixer.check(config, call);
      checkWhole<FeatureConnection>(call, config, ['denseLayers', 'gateRank'], 0);
      checkReadingsOnly(call, config.readings, featureChoices);
    },
    shapes: (config) =>
      stackShapes(config, (l) => ({
        ...mixer.shapes(config),
        ...featureFusionShapes(config, l, mixer.widths(config)),
      })),
    fresh(config, path, shape, random) {
      const field = fieldOf(path);
      if (field === null) return null;
      if (!field.includes('Fusion.')) return mixer.fresh(config, field, shape, random);
      if (field.endsWith('.norm')) return null;
      return freshFusion(path, shape, random) ?? mixer.freshMap?.(shape, random) ?? null;
    },
    start(params, config, batch) {
      checkParameters<DenseStackConfig<C>, StackParams<L & FeatureFusions>>(model, params, config);
      return { position: 0, layers: params.layers.map(() => mixer.start(config, params.embedding, batch)) };
    },
    forward: stackForward<DenseStackConfig<C>, L & FeatureFusions, S>(call, mixer, denseFeatures),
  };
  return model;
}

/**
 * The configuration of a model's dense version. The gate rank is ⌊d/32⌋ but at least 1, and readings are those of the paper's equations,
 * unless given.
 * @example
 * denseStackConfig(mamba2Config({ vocabulary: 8, width: 64, layers: 4 }), { denseLayers: 2 }).gateRank // 2
 */
export const denseStackConfig = <C extends StackConfig>(
  config: C,
  dense: Pick<FeatureConnection, 'denseLayers'> & Partial<Pick<FeatureConnection, 'gateRank' | 'readings'>>,
): DenseStackConfig<C> => ({
  gateRank: Math.max(1, Math.floor(config.width / 32)),
  readings: paperFeatureReadings,
  ...config,
  ...dense,
});
