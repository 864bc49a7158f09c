/**
 * @file Gated DeltaNet: the token mixer, and the language model for one sequence.
 * Not numbered in the paper. [T]: fla-org/flash-linear-attention (fla/layers/gated_deltanet.py,
 * fla/models/gated_deltanet/modeling_gated_deltanet.py) at commit bc3b101. Every weight is stored [out, in].
 */
import { gatedDeltaRule, rawGate, unitLength } from './delta-rule.ts';
import { depthwiseConvolution } from './depthwise-convolution.ts';
import { gatedHeads } from './gla.ts';
import { languageStack, type StackConfig, type StackInput, type TokenMixer } from './language-stack.ts';
import { dot, given, type Matrix, matVec, scale, sigmoid, type Vector } from './notation.ts';

/** The sizes and options of a Gated DeltaNet that its equations need. */
export interface GatedDeltaNetConfig extends StackConfig {
  /** Heads of queries and keys; neighbouring heads of values share one. */
  readonly heads: number;
  readonly valueHeads: number;
  /** Whether step sizes go up to 2, so that the state's map may have negative eigenvalues. */
  readonly negativeEigenvalues: boolean;
}

/** The weights of the mixer of a layer. */
export interface GatedDeltaNetLayer {
  /** [keyWidth, width] */
  readonly query: Matrix;
  /** [keyWidth, width] */
  readonly key: Matrix;
  /** [valueWidth, width] */
  readonly value: Matrix;
  /** Shape [2 keyWidth + valueWidth, K]: queries, keys, values. The source has one convolution for each. */
  readonly convolution: Matrix;
  readonly convolutionBias?: Vector;
  /** [valueHeads, width] */
  readonly beta: Matrix;
  /** [valueHeads, width] */
  readonly decay: Matrix;
  /** [valueHeads] */
  readonly aLog: Vector;
  /** [valueHeads] */
  readonly deltaBias: Vector;
  /** [valueWidth, width] */
  readonly outputGate: Matrix;
  /** [valueWidth / valueHeads], one weight for all heads */
  readonly outputNorm: Vector;
  /** [width, valueWidth] */
  readonly output: Matrix;
}

/** The state of a layer: the window [K][2 keyWidth + valueWidth] of the convolution, and S [h][d][e]. */
export interface GatedDeltaNetState {
  readonly conv: Matrix;
  readonly memory: readonly Matrix[];
}

/** ε of the unit length of queries and keys, in the source's kernels. */
export const unitLengthEpsilon = 1e-6;

/** Queries, keys and values after the convolution, [t][w] each, and its window. */
interface Convolved {
  readonly query: Matrix;
  readonly key: Matrix;
  readonly value: Matrix;
  readonly window: Matrix;
}

/**
 * `convolved` queries, keys and values, then the gated delta rule of each head, and W_o (rms(o) ⊙ silu(W_g x)), the norm over each
 * head's channels. Evidence [T], but for `share`, which comes before the length of keys. Shapes: x [t][width], output [t][width].
 */
export const gatedDeltaNetMixer: TokenMixer<GatedDeltaNetLayer, GatedDeltaNetConfig, GatedDeltaNetState> = (
  layer,
  config,
  x,
  state,
  share,
) => {
  const own = convolved(layer, x, state?.conv);
  const inputs = { ...own, ...share({ key: own.key, value: own.value }) };
  const heads = Array.from({ length: config.valueHeads }, (_, h) =>
    gatedDeltaRule(...headInputs(layer, config, x, inputs, h), state?.memory[h]),
  );
  const gated = gatedHeads(heads, mapped(layer.outputGate, x), layer.outputNorm, config.epsilon);
  const left = { conv: own.window, memory: heads.map((head) => head.state) };
  return { output: mapped(layer.output, gated), state: left };
};

/** [q; k; v] = silu(conv([W_q; W_k; W_v] x)). Evidence [T]. Shapes: x [t][width], window [K][2 keyWidth + valueWidth]. */
function convolved(layer: GatedDeltaNetLayer, x: Matrix, before?: Matrix): Convolved {
  const joined = mapped([...layer.query, ...layer.key, ...layer.value], x);
  const { output, window } = depthwiseConvolution(joined, layer.convolution, layer.convolutionBias, before, 'silu');
  const [keys, values] = [layer.key.length, layer.value.length];
  return {
    query: part(output, 0, keys),
    key: part(output, keys, keys),
    value: part(output, 2 * keys, values),
    window,
  };
}

/**
 * q / √d and k of length 1, v, β = σ(W_β x), or twice that, and g = -exp(aLog) softplus(W_a x + bias) of head h. Neighbouring heads of
 * values share queries and keys. Evidence [T].
 */
function headInputs(
  ...[layer, config, x, { query, key, value }, h]: [GatedDeltaNetLayer, GatedDeltaNetConfig, Matrix, Convolved, number]
): [Matrix, Matrix, Matrix, Vector, Vector] {
  const [d, e, shared] = [layer.key.length / config.heads, layer.outputNorm.length, sharedHead(h, config)];
  const unit = (rows: Matrix) => part(rows, shared * d, d).map((row) => unitLength(row, 'sum', unitLengthEpsilon));
  const ofHead = (weight: Matrix): Vector => x.map((row) => dot(given(weight[h], `row of head ${h}`), row));
  return [
    unit(query).map((row) => scale(d ** -0.5, row)),
    unit(key),
    part(value, h * e, e),
    ofHead(layer.beta).map((z) => (config.negativeEigenvalues ? 2 : 1) * sigmoid(z)),
    ofHead(layer.decay).map((z) => rawGate(z, layer.aLog[h]!, layer.deltaBias[h])),
  ];
}

/** The head of queries and keys that head h of values shares. */
const sharedHead = (h: number, { heads, valueHeads }: GatedDeltaNetConfig): number =>
  Math.floor(h / (valueHeads / heads));

/** Gated DeltaNet [T], or with dense settings its dense version, which is our own. Shapes: tokens [t], logits [t][rows]. */
export const gatedDeltaNet = (...input: StackInput<GatedDeltaNetLayer, GatedDeltaNetConfig, GatedDeltaNetState>) =>
  languageStack(gatedDeltaNetMixer, ...input);

/** W x of every row. Shapes: x [t][i], result [t][o]. */
const mapped = (weight: Matrix, x: Matrix): Matrix => x.map((row) => matVec(weight, row));

/** So many channels of every row, beginning at `from`. */
const part = (rows: Matrix, from: number, count: number): Matrix => rows.map((row) => row.slice(from, from + count));
