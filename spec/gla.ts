/**
 * @file GLA, a language model with gated linear attention: the token mixer, and the model for one sequence.
 * Not numbered in the paper. [T]: fla-org/flash-linear-attention (fla/layers/gla.py, fla/models/gla/modeling_gla.py) at commit bc3b101,
 * without its optional convolutions. Every weight is stored [out, in].
 */
import { type Attended, channelGatedAttention } from './gated-linear-attention.ts';
import { languageStack, type StackConfig, type StackInput, type TokenMixer } from './language-stack.ts';
import { add, type Matrix, matVec, softplus, type Vector } from './notation.ts';
import { gatedRmsNorm } from './rms-norm.ts';

/** The sizes and options of a GLA that its equations need. */
export interface GlaConfig extends StackConfig {
  readonly heads: number;
  /** The logarithms of decays are divided by it. */
  readonly decayDivisor: number;
}

/** The weights of the mixer of a layer. */
export interface GlaLayer {
  /** [keyWidth, width] */
  readonly query: Matrix;
  /** [keyWidth, width] */
  readonly key: Matrix;
  /** [valueWidth, width] */
  readonly value: Matrix;
  /** Down [r, width] and up [keyWidth, r], with a bias [keyWidth] */
  readonly decay: { readonly down: Matrix; readonly up: Matrix; readonly bias: Vector };
  /** [valueWidth, width] */
  readonly outputGate: Matrix;
  /** [valueWidth / heads], one weight for all heads */
  readonly outputNorm: Vector;
  /** [width, valueWidth] */
  readonly output: Matrix;
}

/** The state of a layer: S [h][d][e]. */
export interface GlaState {
  readonly memory: readonly Matrix[];
}

/**
 * q = W_q x, k = W_k x, v = W_v x, g = `logDecays`; GLA of each head with queries divided by √d; and W_o of {@link gatedHeads}.
 * Evidence [T], but for `share`. Shapes: x [t][width], output [t][width].
 */
export const glaMixer: TokenMixer<GlaLayer, GlaConfig, GlaState> = (layer, config, x, state, share) => {
  const { key, value } = share({ key: mapped(layer.key, x), value: mapped(layer.value, x) });
  const [query, gates] = [mapped(layer.query, x), logDecays(layer, config, x)];
  const [d, e] = [layer.key.length / config.heads, layer.value.length / config.heads];
  const heads = Array.from({ length: config.heads }, (_, h) => {
    const [q, k, g] = [query, key, gates].map((rows) => part(rows, h * d, d)) as [Matrix, Matrix, Matrix];
    return channelGatedAttention(q, k, part(value, h * e, e), g, d ** -0.5, state?.memory[h]);
  });
  const gated = gatedHeads(heads, mapped(layer.outputGate, x), layer.outputNorm, config.epsilon);
  return { output: mapped(layer.output, gated), state: { memory: heads.map((head) => head.state) } };
};

/** log σ(W_up W_down x + bias) / divisor. Evidence [T]. Shapes: x [t][width], result [t][keyWidth]. */
function logDecays({ decay: { down, up, bias } }: GlaLayer, { decayDivisor }: GlaConfig, x: Matrix): Matrix {
  return x.map((row) => add(matVec(up, matVec(down, row)), bias).map((z) => -softplus(-z) / decayDivisor));
}

/**
 * rms(o; weight) ⊙ silu(z), the norm over the channels of each head, with one weight for all heads.
 * Evidence [T]. Shapes: output of a head [t][e], z [t][h e], weight [e], result [t][h e].
 */
export function gatedHeads(heads: readonly Attended[], z: Matrix, weight: Vector, epsilon: number): Matrix {
  const rule = { epsilon, groups: 1, normBeforeGate: true };
  const e = weight.length;
  return z.map((row, t) =>
    heads.flatMap((head, h) => gatedRmsNorm(head.output[t]!, row.slice(h * e, (h + 1) * e), weight, rule)),
  );
}

/** GLA [T], or with dense settings its dense version, which is our own. Shapes: tokens [t], logits [t][rows]. */
export const gla = (...input: StackInput<GlaLayer, GlaConfig, GlaState>) => languageStack(glaMixer, ...input);

/** W x of every row. Shapes: x [t][i], result [t][o]. */
const mapped = (weight: Matrix, x: Matrix): Matrix => x.map((row) => matVec(weight, row));

/** So many channels of every row, beginning at `from`. */
const part = (rows: Matrix, from: number, count: number): Matrix => rows.map((row) => row.slice(from, from + count));
