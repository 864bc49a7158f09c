/**
 * @file Mamba-3, one head, with a single input and output (SISO) or several (MIMO): a trapezoid of the inputs, and keys and queries that rotate
 * with the input.
 * Not numbered in the paper. [T]: state-spaces/mamba, tests/ops/triton/test_mamba3_siso.py and tests/ops/tilelang/test_mamba3_mimo.py at
 * commit e9594ce.
 */
import {
  add,
  addMatrices,
  columns,
  hadamard,
  type Matrix,
  matVec,
  outer,
  scale,
  scaleMatrix,
  sigmoid,
  silu,
  type Vector,
  vector,
} from './notation.ts';

/** What a head gets: vectors for each token, [t][n], [t][e] and [t][p]; numbers for each token, [t]; and parameters. */
export interface Mamba3Inputs {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  /** The logarithm of the decay. */
  readonly gate: Vector;
  /** The step size Δ. */
  readonly delta: Vector;
  /** The share of a token's own input before its sigmoid. */
  readonly trap: Vector;
  readonly qBias: Vector;
  readonly kBias: Vector;
  /** Rates of rotation, before their tanh. */
  readonly angles: Matrix;
  readonly skip?: number | undefined;
  readonly z?: Matrix | undefined;
}

/** The angles [p], the state [e][n], and the rotated key [n] and the value [e] of the last token. */
export interface Mamba3State {
  readonly angleState: Vector;
  readonly state: Matrix;
  readonly keyState: Vector;
  readonly valueState: Vector;
}

/** Rotates the first pairs of neighbours by angles. Shapes: x [n], angles [p], p at most n/2. */
const rotated = (x: Vector, angles: Vector): Vector =>
  vector(x.length, (c) => {
    const angle = angles[Math.floor(c / 2)];
    if (angle === undefined) return x[c]!;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return c % 2 === 0 ? x[c]! * cos - x[c + 1]! * sin : x[c - 1]! * sin + x[c]! * cos;
  });

/**
 * Mamba-3: θ_t = θ_{t-1} + π tanh(angles_t) Δ_t, q' and k' are q + qBias and k + kBias rotated by θ_t, and
 * h_t = α_t h_{t-1} + (1 - τ_t) Δ_t α_t v_{t-1} ⊗ k'_{t-1} + τ_t Δ_t v_t ⊗ k'_t with α = exp(gate) and τ = σ(trap);
 * y_t = (h_t q'_t + D v_t) ⊙ silu(z_t). Without skip and z, D is 0 and the gate 1. The source keeps θ between 0 and 2π: whole turns change
 * nothing else.
 * Evidence [T]: `mamba3_siso_step_ref`. Shapes: result output [t][e], and the state after the last token.
 */
export function mamba3(inputs: Mamba3Inputs, start: Mamba3State): Mamba3State & { readonly output: Matrix } {
  let { angleState, state, keyState, valueState } = start;
  const output = inputs.q.map((q, t) => {
    const [v, delta] = [inputs.v[t]!, inputs.delta[t]!];
    angleState = angleState.map((angle, p) => angle + Math.PI * Math.tanh(inputs.angles[t]![p]!) * delta);
    const [query, key] = [add(q, inputs.qBias), add(inputs.k[t]!, inputs.kBias)].map((x) => rotated(x, angleState));
    const [share, decay] = [sigmoid(inputs.trap[t]!), Math.exp(inputs.gate[t]!)];
    const kept = addMatrices(state, scaleMatrix((1 - share) * delta, outer(valueState, keyState)));
    state = addMatrices(scaleMatrix(decay, kept), scaleMatrix(share * delta, outer(v, key!)));
    [keyState, valueState] = [key!, v];
    const y = add(matVec(state, query!), scale(inputs.skip ?? 0, v));
    return y.map((value, e) => value * (inputs.z === undefined ? 1 : silu(inputs.z[t]![e]!)));
  });
  return { output, angleState, state, keyState, valueState };
}

/** What a head with r inputs and outputs gets beside what all have: queries, keys and their biases for each, and maps from and to its channels. */
export interface Mamba3MimoInputs extends Omit<Mamba3Inputs, 'q' | 'k' | 'qBias' | 'kBias'> {
  /** [t][r][n] */
  readonly q: readonly Matrix[];
  /** [t][r][n] */
  readonly k: readonly Matrix[];
  /** [r][n] */
  readonly qBias: Matrix;
  /** [r][n] */
  readonly kBias: Matrix;
  /** The factors [r][e] of values, of outputs, and of z where there is one. */
  readonly mimoV: Matrix;
  readonly mimoOut: Matrix;
  readonly mimoZ?: Matrix | undefined;
}

/** As the state of a single input, with the rotated keys [r][n] and the values [r][e] of the last token. */
export interface Mamba3MimoState extends Omit<Mamba3State, 'keyState' | 'valueState'> {
  readonly keyState: Matrix;
  readonly valueState: Matrix;
}

/** Queries or keys [r][n] with their biases, rotated. */
const rotatedRows = (rows: Matrix, bias: Matrix, angles: Vector): Matrix =>
  rows.map((x, i) => rotated(add(x, bias[i]!), angles));

/** Adds the outer products of values and keys, times a factor, to a state. Shapes: values [r][e], keys [r][n], state [e][n]. */
const written = (state: Matrix, factor: number, values: Matrix, keys: Matrix): Matrix =>
  values.reduce((sum, value, i) => addMatrices(sum, scaleMatrix(factor, outer(value, keys[i]!))), state);

/** y_t = Σ_i mimoOut_i ⊙ (read_i + D v_{t,i}) ⊙ silu(mimoZ_i ⊙ z_t). Shapes: reads and values [r][e], z [e], result [e]. */
function mixedOutputs(
  { mimoOut, mimoZ, skip = 0 }: Mamba3MimoInputs,
  reads: Matrix,
  values: Matrix,
  z?: Vector,
): Vector {
  return vector(columns(values), (e) =>
    reads.reduce((sum, read, i) => {
      const gate = z === undefined || mimoZ === undefined ? 1 : silu(mimoZ[i]![e]! * z[e]!);
      return sum + mimoOut[i]![e]! * (read[e]! + skip * values[i]![e]!) * gate;
    }, 0),
  );
}

/**
 * Mamba-3 with r inputs and outputs (MIMO), which share one state: v_{t,i} = mimoV_i ⊙ v_t, and
 * h_t = α_t h_{t-1} + Σ_i ((1 - τ_t) Δ_t α_t v_{t-1,i} ⊗ k'_{t-1,i} + τ_t Δ_t v_{t,i} ⊗ k'_{t,i});
 * y_t = Σ_i mimoOut_i ⊙ (h_t q'_{t,i} + D v_{t,i}) ⊙ silu(mimoZ_i ⊙ z_t). Angles, shares and decays are those of a single input.
 * Evidence [T]: `mamba3_MIMO_step_ref`. Shapes: result output [t][e], and the state after the last token.
 */
export function mamba3Mimo(inputs: Mamba3MimoInputs, start: Mamba3MimoState): Mamba3MimoState & { output: Matrix } {
  let { angleState, state, keyState, valueState } = start;
  const output = inputs.q.map((q, t) => {
    const [values, delta] = [inputs.mimoV.map((row) => hadamard(row, inputs.v[t]!)), inputs.delta[t]!];
    angleState = angleState.map((angle, p) => angle + Math.PI * Math.tanh(inputs.angles[t]![p]!) * delta);
    const keys = rotatedRows(inputs.k[t]!, inputs.kBias, angleState);
    const reads = (of: Matrix): Matrix => rotatedRows(q, inputs.qBias, angleState).map((query) => matVec(of, query));
    const share = sigmoid(inputs.trap[t]!);
    const kept = written(state, (1 - share) * delta, valueState, keyState);
    state = written(scaleMatrix(Math.exp(inputs.gate[t]!), kept), share * delta, values, keys);
    [keyState, valueState] = [keys, values];
    return mixedOutputs(inputs, reads(state), values, inputs.z?.[t]);
  });
  return { output, angleState, state, keyState, valueState };
}
