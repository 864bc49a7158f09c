/**
 * @file Mamba-2: the token mixer, and the language model for one sequence, from its first token or continued from a state.
 * Not numbered in the paper. [T]: state-spaces/mamba (mamba_ssm/modules/mamba2.py, mamba_ssm/models/mixer_seq_simple.py) at commit e9594ce.
 * Every weight is stored [out, in].
 */
import { depthwiseConvolution } from './depthwise-convolution.ts';
import { languageStack, type StackConfig, type StackInput, type TokenMixer } from './language-stack.ts';
import { type Mamba2Inputs, mamba2Scan } from './mamba2-scan.ts';
import { add, given, type Matrix, matVec, type Vector } from './notation.ts';
import { gatedRmsNorm } from './rms-norm.ts';

/** The sizes and options of a Mamba-2 that its equations need. */
export interface Mamba2Config extends StackConfig {
  readonly heads: number;
  /** Groups of neighbouring heads that share B and C, and of channels in the last norm. */
  readonly groups: number;
  /** N */
  readonly stateSize: number;
  /** Groups of channels in the last norm, where they are not those of the heads. */
  readonly normGroups?: number | undefined;
  /** The least and the largest step size. */
  readonly deltaLimit?: readonly [number, number] | undefined;
}

/** The weights of the mixer of a layer. */
export interface Mamba2Layer {
  /** Shape [2 E + 2 G N + H, width]: the channels of z, then those of x, B and C, then the step sizes of the heads */
  readonly input: Matrix;
  readonly inputBias?: Vector;
  /** Of x, B and C: [E + 2 G N, K] */
  readonly convolution: Matrix;
  readonly convolutionBias?: Vector;
  /** [H] */
  readonly deltaBias: Vector;
  /** [H], of A = -exp(aLog) */
  readonly aLog: Vector;
  /** D [H] */
  readonly skip: Vector;
  /** [E] */
  readonly outputNorm: Vector;
  /** [width, E] */
  readonly output: Matrix;
  readonly outputBias?: Vector;
}

/** The state of a layer: the window [K][E + 2 G N] of the convolution and the states [h][e][n] of the scans. */
export interface Mamba2State {
  readonly conv: Matrix;
  readonly ssm: readonly Matrix[];
}

/** What a layer computes of its inputs before the scans, and the window of its convolution. */
interface Prepared {
  /** [t][E] */
  readonly z: Matrix;
  /** [t][E] */
  readonly x: Matrix;
  /** [t][G N] */
  readonly b: Matrix;
  /** [t][G N] */
  readonly c: Matrix;
  /** δ [t][H] */
  readonly delta: Matrix;
  readonly window: Matrix;
}

/**
 * The mixer: `prepared`, then the scan of each head with softplus(δ + bias), and W_out rms(y ⊙ silu(z)). State space duality names the
 * keys B and the values x; D also reads the shared x.
 * Evidence [T], but for `share`. Shapes: u [t][width], output [t][width].
 */
export const mamba2Mixer: TokenMixer<Mamba2Layer, Mamba2Config, Mamba2State> = (layer, config, u, state, share) => {
  const inputs = prepared(layer, config, u, state?.conv);
  const { key: b, value: x } = share({ key: inputs.b, value: inputs.x });
  const heads = Array.from({ length: config.heads }, (_, h) =>
    mamba2Scan(headInputs(layer, config, { ...inputs, b, x }, h), state?.ssm[h]),
  );
  const rule = { epsilon: config.epsilon, groups: config.normGroups ?? config.groups, normBeforeGate: false };
  const output = inputs.z.map((z, t) => {
    const y = heads.flatMap((head) => head.output[t]!);
    return affine(layer.output, gatedRmsNorm(y, z, layer.outputNorm, rule), layer.outputBias);
  });
  return { output, state: { conv: inputs.window, ssm: heads.map((head) => head.state) } };
};

/** [z | x B C | δ] = W_in u, with x, B and C through one convolution and SiLU. Evidence [T]. Shapes: u [t][width], window [K][E + 2 G N]. */
function prepared(layer: Mamba2Layer, { groups, stateSize }: Mamba2Config, u: Matrix, before?: Matrix): Prepared {
  const [inner, mapped] = [layer.outputNorm.length, groups * stateSize];
  const projected = u.map((row) => affine(layer.input, row, layer.inputBias));
  const mixed = part(projected, inner, inner + 2 * mapped);
  const { output, window } = depthwiseConvolution(mixed, layer.convolution, layer.convolutionBias, before, 'silu');
  return {
    z: part(projected, 0, inner),
    x: part(output, 0, inner),
    b: part(output, inner, mapped),
    c: part(output, inner + mapped, mapped),
    delta: part(projected, 2 * inner + 2 * mapped, layer.skip.length),
    window,
  };
}

/** The inputs of the scan of head h. Neighbouring heads share the B and C of a group. Evidence [T]. */
function headInputs(layer: Mamba2Layer, config: Mamba2Config, { x, b, c, delta }: Prepared, h: number): Mamba2Inputs {
  const { heads, groups, stateSize } = config;
  const [e, g] = [layer.outputNorm.length / heads, Math.floor(h / (heads / groups))];
  return {
    x: part(x, h * e, e),
    delta: delta.map((row) => row[h]!),
    deltaBias: given(layer.deltaBias[h], `bias of head ${h}`),
    deltaSoftplus: true,
    ...(config.deltaLimit && { deltaLimit: config.deltaLimit }),
    a: -Math.exp(layer.aLog[h]!),
    b: part(b, g * stateSize, stateSize),
    c: part(c, g * stateSize, stateSize),
    skip: given(layer.skip[h], `D of head ${h}`),
  };
}

/** Mamba-2 [T], or with dense settings DenseMamba-2, which is our own. Shapes: tokens [t], logits [t][rows]. */
export const mamba2 = (...input: StackInput<Mamba2Layer, Mamba2Config, Mamba2State>) =>
  languageStack(mamba2Mixer, ...input);

/** So many channels of every row, beginning at `from`. */
const part = (rows: Matrix, from: number, count: number): Matrix => rows.map((row) => row.slice(from, from + count));

/** W x + bias, or W x. */
function affine(weight: Matrix, x: Vector, bias?: Vector): Vector {
  const y = matVec(weight, x);
  return bias === undefined ? y : add(y, bias);
}
