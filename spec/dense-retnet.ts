/**
 * @file DenseRetNet: the language model for one whole sequence of tokens.
 * Evidence [C]. Every weight is stored [out, in]. There is no feed-forward block: instead, gate and values are wider than the stream.
 */
import { denseSequence, type FusionParameters, type FusionRule } from './21-dense-keys-and-values.ts';
import { embed, readOut } from './language-model.ts';
import { type GroupNorm, multiScaleRetention } from './multi-scale-retention.ts';
import type { Retain } from './normalised-retention.ts';
import { add, given, hadamard, type Matrix, matVec, scale, silu, type Vector } from './notation.ts';
import type { Reading } from './readings.ts';
import { rmsNormRows } from './rms-norm.ts';

/** The readings that DenseRetNet depends on. */
export interface DenseRetNetReadings {
  readonly pass: Reading<'pass'>;
  readonly projection: Reading<'projection'>;
  readonly gate: Reading<'gate'>;
  readonly gateActivation: Reading<'gateActivation'>;
  readonly fusion: Reading<'fusion'>;
  readonly fusedNorm: Reading<'fusedNorm'>;
  readonly firstLayer: Reading<'firstLayer'>;
  /** Determines the argument `retain`, which is `retainBy[retentionNorm]`. */
  readonly retentionNorm: Reading<'retentionNorm'>;
  /** Changes only stored states, not outputs. This definition rotates token p by p. */
  readonly rotationPhase: Reading<'rotationPhase'>;
}

/** The sizes, the connection and the readings of a DenseRetNet. */
export interface DenseRetNetConfig {
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  /** Key channels, over all heads. */
  readonly keyWidth: number;
  /** Value channels, over all heads. */
  readonly valueWidth: number;
  readonly layers: number;
  /** m */
  readonly denseLayers: number;
  /** Hidden width of the gate's MLP. With 0, every gate is 0. */
  readonly gateRank: number;
  readonly epsilon: number;
  /** Its embedding gets no gradient. This definition treats it like any other token. */
  readonly padToken: number | null;
  readonly readings: DenseRetNetReadings;
}

/** The weights of a layer, with those of its fusions where it reads lower layers. */
export interface DenseRetNetLayer {
  /** [width] */
  readonly inputNorm: Vector;
  /** [keyWidth, width] */
  readonly query: Matrix;
  /** [keyWidth, width] */
  readonly key: Matrix;
  /** [valueWidth, width] */
  readonly value: Matrix;
  /** [valueWidth, width] */
  readonly outputGate: Matrix;
  /** [valueWidth / heads], one weight for all heads */
  readonly groupNorm: Vector;
  /** [width, valueWidth] */
  readonly output: Matrix;
  readonly keyFusion?: FusionParameters;
  readonly valueFusion?: FusionParameters;
}

/** All weights of a DenseRetNet. */
export interface DenseRetNetParameters {
  /** [vocabulary][width] */
  readonly embedding: Matrix;
  readonly layers: readonly DenseRetNetLayer[];
  /** [width] */
  readonly finalNorm: Vector;
  /** [vocabulary, width] */
  readonly head: Matrix;
}

/** The residual stream, and the keys and values of the layers so far (layer 0 first). */
interface Flow {
  /** [t][width] */
  readonly stream: Matrix;
  /** [l][t][keyWidth] */
  readonly keys: readonly Matrix[];
  /** [l][t][valueWidth] */
  readonly values: readonly Matrix[];
}

/**
 * logits = W_head rms(s^L), s^0 = Embed[tokens], s^{l+1} = s^l + layer_l(s^l).
 * Evidence [C].
 * Shapes: tokens [t], result [t][vocabulary].
 */
export function denseRetNet(
  params: DenseRetNetParameters,
  config: DenseRetNetConfig,
  tokens: readonly number[],
  retain: Retain,
): Matrix {
  let flow: Flow = { stream: embed(params.embedding, tokens), keys: [], values: [] };
  for (let l = 0; l < config.layers; l++) {
    flow = denseRetNetLayer(given(params.layers[l], `layer ${l}`), config, flow, retain);
  }
  return readOut(flow.stream, params.finalNorm, params.head, config.epsilon);
}

/**
 * One layer: x = rms(s), q = silu(W_q x), k = silu(W_k x) / √d, v = silu(W_v x); k' and v' are fused (Eqs. 21-24);
 * y = W_o (rms(retention(q, k', v')) ⊙ silu(W_g x)); the new stream is s + y. Evidence [C].
 */
function denseRetNetLayer(layer: DenseRetNetLayer, config: DenseRetNetConfig, flow: Flow, retain: Retain): Flow {
  const x = rmsNormRows(flow.stream, layer.inputNorm, config.epsilon);
  const q = x.map((row) => activated(layer.query, row));
  const k = x.map((row) => scale(1 / Math.sqrt(config.keyWidth / config.heads), activated(layer.key, row)));
  const v = x.map((row) => activated(layer.value, row));
  const kFused = fusedFeatures(k, flow.keys, x, layer.keyFusion, config);
  const vFused = fusedFeatures(v, flow.values, x, layer.valueFusion, config);
  const norm: GroupNorm = { heads: config.heads, weight: layer.groupNorm, epsilon: config.epsilon };
  const o = multiScaleRetention(q, kFused, vFused, norm, retain);
  const y = o.map((row, t) => matVec(layer.output, hadamard(row, activated(layer.outputGate, x[t]!))));
  const [keys, values] = config.readings.pass === 'raw' ? [k, v] : [kFused, vFused];
  const stream = flow.stream.map((s, t) => add(s, y[t]!));
  return { stream, keys: [...flow.keys, keys], values: [...flow.values, values] };
}

/**
 * Computes k' or v'. Layer 0 has no sources, and in the released code no norm of fused features.
 * Shapes: own [t][w], shallow [l][t][w] (layer 0 first), x [t][i], result [t][w].
 */
export function fusedFeatures(
  own: Matrix,
  shallow: readonly Matrix[],
  x: Matrix,
  parameters: FusionParameters | undefined,
  rule: FusionRule & { readonly readings: Pick<DenseRetNetReadings, 'firstLayer'> },
): Matrix {
  if (shallow.length === 0 && rule.readings.firstLayer === 'plain') return own;
  return denseSequence(own, shallow, x, parameters ?? { gates: [] }, rule);
}

/** silu(W x). */
function activated(weight: Matrix, x: Vector): Vector {
  return matVec(weight, x).map(silu);
}
