/**
 * @file RetNet as in torchscale's decoder: the baseline without dense connections.
 * Evidence [C]. Every weight is stored [out, in]. The group norm has no weight.
 */
import { type GatedFeedForward, geGlu, swiGlu } from './02-feed-forward.ts';
import { embed, readOut } from './language-model.ts';
import { type GroupNorm, multiScaleRetention } from './multi-scale-retention.ts';
import type { Retain } from './normalised-retention.ts';
import { add, given, hadamard, type Matrix, matVec, scale, silu, type Vector } from './notation.ts';
import { rmsNormRows } from './rms-norm.ts';

/** The sizes, scales and readings of a RetNet. */
export interface RetNetConfig {
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  /** Value channels, over all heads. Keys and queries have `width` channels. */
  readonly valueWidth: number;
  readonly ffnWidth: number;
  readonly layers: number;
  readonly epsilon: number;
  /** √width in torchscale. */
  readonly embeddingScale: number;
  /** α: 1, or (2 · layers)^{1/4} for deepnorm in torchscale. */
  readonly residualScale: number;
  /** Of the feed-forward network; SiLU where it is missing. */
  readonly ffnActivation?: 'silu' | 'gelu' | undefined;
}

/** The weights of a layer: retention, and the network behind it. */
export interface RetNetLayer {
  /** [width] */
  readonly inputNorm: Vector;
  /** [width, width] */
  readonly query: Matrix;
  /** [width, width] */
  readonly key: Matrix;
  /** [valueWidth, width] */
  readonly value: Matrix;
  /** [valueWidth, width] */
  readonly outputGate: Matrix;
  /** [width, valueWidth] */
  readonly output: Matrix;
  /** [width] */
  readonly ffnNorm: Vector;
  /** With the names of torchscale: SiLU is applied to `up`. */
  readonly ffn: GatedFeedForward;
}

/** All weights of a RetNet. */
export interface RetNetParameters {
  /** [vocabulary][width] */
  readonly embedding: Matrix;
  readonly layers: readonly RetNetLayer[];
  /** [width] */
  readonly finalNorm: Vector;
  /** [vocabulary, width]; where it is missing, the embedding reads out */
  readonly head?: Matrix;
}

/**
 * logits = W_head rms(s^L), s^0 = a · Embed[tokens]; in each layer s ← α s + MSR(rms(s)), then s ← α s + FFN(rms(s)).
 * Evidence [C].
 * Shapes: tokens [t], result [t][vocabulary].
 */
export function retNet(
  params: RetNetParameters,
  config: RetNetConfig,
  tokens: readonly number[],
  retain: Retain,
): Matrix {
  let s = embed(params.embedding, tokens, config.embeddingScale);
  for (let l = 0; l < config.layers; l++) {
    s = retNetLayer(given(params.layers[l], `layer ${l}`), config, s, retain);
  }
  return readOut(s, params.finalNorm, params.head ?? params.embedding, config.epsilon);
}

/** One layer: s ← α s + MSR(rms(s)), then s ← α s + FFN(rms(s)). Shapes: s [t][width], result [t][width]. */
function retNetLayer(layer: RetNetLayer, config: RetNetConfig, s: Matrix, retain: Retain): Matrix {
  const residual = (x: Matrix, y: Matrix) => x.map((row, t) => add(scale(config.residualScale, row), y[t]!));
  const x = rmsNormRows(s, layer.inputNorm, config.epsilon);
  const retained = residual(s, retNetRetention(layer, config, x, retain));
  const z = rmsNormRows(retained, layer.ffnNorm, config.epsilon);
  const fed = z.map((row) => retNetFeedForward(layer.ffn, row, config.ffnActivation));
  return residual(retained, fed);
}

/**
 * MSR(x) = W_o (silu(W_g x) ⊙ rms(retention(q, k, v))), q = W_q x, k = W_k x / √d, v = W_v x. q, k and v have no activation.
 * Evidence [C]. Shapes: x [t][width], result [t][width].
 */
export function retNetRetention(layer: RetNetLayer, config: RetNetConfig, x: Matrix, retain: Retain): Matrix {
  const q = x.map((row) => matVec(layer.query, row));
  const k = x.map((row) => scale(1 / Math.sqrt(config.width / config.heads), matVec(layer.key, row)));
  const v = x.map((row) => matVec(layer.value, row));
  const norm: GroupNorm = { heads: config.heads, weight: null, epsilon: config.epsilon };
  const o = multiScaleRetention(q, k, v, norm, retain);
  return o.map((row, t) => matVec(layer.output, hadamard(matVec(layer.outputGate, x[t]!).map(silu), row)));
}

/** FFN(x) = W_down (σ(W_up x) ⊙ W_gate x): SwiGLU or GEGLU with other names of the maps. Evidence [C]. Shapes: x [width], result [width]. */
export function retNetFeedForward({ up, gate, down }: GatedFeedForward, x: Vector, activation = 'silu'): Vector {
  return (activation === 'gelu' ? geGlu : swiGlu)({ gate: up, up: gate, down }, x);
}
