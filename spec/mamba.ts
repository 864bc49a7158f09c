/**
 * @file Mamba: the block and the language model for one sequence, from its first token or continued from a state.
 * Not numbered in the paper. [T]: state-spaces/mamba (mamba_ssm/modules/mamba_simple.py, mamba_ssm/models/mixer_seq_simple.py)
 * at commit e9594ce, and johnma2006/mamba-minimal at 03de542, which agree. Every weight is stored [out, in].
 */
import { depthwiseConvolution } from './depthwise-convolution.ts';
import { embed, readOut } from './language-model.ts';
import { add, given, type Matrix, matVec, silu, type Vector } from './notation.ts';
import { rmsNormRows } from './rms-norm.ts';
import { type SelectiveInputs, selectiveScan } from './selective-ssm.ts';

/** The sizes of a Mamba that its equations need. */
export interface MambaConfig {
  readonly layers: number;
  /** R: number of channels that determine the step sizes of all channels. */
  readonly deltaRank: number;
  /** N */
  readonly stateSize: number;
  readonly epsilon: number;
}

/** The weights of a layer. */
export interface MambaLayer {
  /** [width] */
  readonly inputNorm: Vector;
  /** Shape [2 E, width]: the first E rows give the input of the convolution, the others z */
  readonly input: Matrix;
  /** [2 E] */
  readonly inputBias?: Vector;
  /** [E, K] */
  readonly convolution: Matrix;
  /** [E] */
  readonly convolutionBias?: Vector;
  /** Shape [R + 2 N, E]: the channels of δ, then B, then C */
  readonly selection: Matrix;
  /** [E, R] */
  readonly delta: Matrix;
  /** [E] */
  readonly deltaBias: Vector;
  /** [E][N]: A = -exp(aLog) */
  readonly aLog: Matrix;
  /** D [E] */
  readonly skip: Vector;
  /** [width, E] */
  readonly output: Matrix;
  /** [width] */
  readonly outputBias?: Vector;
}

/** All weights of a Mamba. */
export interface MambaParameters {
  /** [rows][width], also used for the read-out where there is no head. There may be more rows than tokens in the vocabulary. */
  readonly embedding: Matrix;
  readonly layers: readonly MambaLayer[];
  /** [width] */
  readonly finalNorm: Vector;
  /** [rows][width], the read-out where it is not the embedding */
  readonly head?: Matrix;
}

/** The state of a layer: the window [K][E] of the convolution and the state [E][N] of the scan. */
export interface MambaLayerState {
  readonly window: Matrix;
  readonly scan: Matrix;
}

/** Logits [t][rows], and the state of each layer. */
export interface MambaResult {
  readonly logits: Matrix;
  readonly states: readonly MambaLayerState[];
}

/**
 * logits = Embed rms(s^L), s^0 = Embed[tokens], s^{l+1} = s^l + block_l(s^l). Without `states`, these are the first tokens of the
 * sequence.
 * Evidence [T].
 * Shapes: tokens [t], result [t][rows].
 */
export function mamba(
  params: MambaParameters,
  config: MambaConfig,
  tokens: readonly number[],
  states: readonly MambaLayerState[] = [],
): MambaResult {
  let s = embed(params.embedding, tokens);
  const left: MambaLayerState[] = [];
  for (let l = 0; l < config.layers; l++) {
    const { output, state } = mambaBlock(given(params.layers[l], `layer ${l}`), config, s, states[l]);
    s = s.map((row, t) => add(row, output[t]!));
    left.push(state);
  }
  return { logits: readOut(s, params.finalNorm, params.head ?? params.embedding, config.epsilon), states: left };
}

/**
 * One block: W_out scan(u, …). {@link mambaInputs} computes the part before the scan, {@link mambaOutput} the part after it.
 * Evidence [T]. Shapes: s [t][width], output [t][width].
 */
export function mambaBlock(layer: MambaLayer, config: MambaConfig, s: Matrix, state?: MambaLayerState) {
  const { inputs, window } = mambaInputs(layer, config, s, state?.window);
  const scanned = selectiveScan(inputs, state?.scan);
  return { output: mambaOutput(layer, scanned.output), state: { window, scan: scanned.state } };
}

/**
 * [x | z] = W_in rms(s), u = silu(conv(x)). Returns rms(s), the inputs of the scan (those of {@link selection}, and z), and the window
 * after the last token.
 * Evidence [T]. Shapes: s [t][width], window [K][E].
 */
export function mambaInputs(layer: MambaLayer, config: MambaConfig, s: Matrix, before?: Matrix) {
  const normed = rmsNormRows(s, layer.inputNorm, config.epsilon);
  const projected = normed.map((row) => affine(layer.input, row, layer.inputBias));
  const inner = layer.skip.length;
  const xs = projected.map((row) => row.slice(0, inner));
  const z = projected.map((row) => row.slice(inner));
  const { output: convolved, window } = depthwiseConvolution(xs, layer.convolution, layer.convolutionBias, before);
  const u = convolved.map((row) => row.map(silu));
  return { normed, inputs: { ...selection(layer, config, u), z }, window };
}

/** W_out y, with its bias if there is one. Evidence [T]. Shapes: y [t][E], result [t][width]. */
export function mambaOutput(layer: MambaLayer, y: Matrix): Matrix {
  return y.map((row) => affine(layer.output, row, layer.outputBias));
}

/**
 * [d | B | C] = W_x u, with R, N and N channels; δ = W_Δ d, Δ = softplus(δ + bias); A = -exp(aLog); D is the skip.
 * Evidence [T]. Shapes: u [t][e].
 */
export function selection(layer: MambaLayer, { deltaRank, stateSize }: MambaConfig, u: Matrix): SelectiveInputs {
  const mapped = u.map((row) => matVec(layer.selection, row));
  const part = (from: number, to: number) => mapped.map((row) => row.slice(from, to));
  return {
    u,
    delta: part(0, deltaRank).map((row) => matVec(layer.delta, row)),
    a: layer.aLog.map((row) => row.map((logarithm) => -Math.exp(logarithm))),
    b: { layout: 'token', rows: part(deltaRank, deltaRank + stateSize) },
    c: { layout: 'token', rows: part(deltaRank + stateSize, deltaRank + 2 * stateSize) },
    skip: layer.skip,
    deltaBias: layer.deltaBias,
    deltaSoftplus: true,
  };
}

/** W x + bias, or W x. */
function affine(weight: Matrix, x: Vector, bias?: Vector): Vector {
  const y = matVec(weight, x);
  return bias === undefined ? y : add(y, bias);
}
