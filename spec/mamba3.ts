/**
 * @file Mamba-3 with a single input and output (SISO), one head: a trapezoid of the inputs, and keys and queries that rotate with the input.
 * Not numbered in the paper. [T]: state-spaces/mamba, tests/ops/triton/test_mamba3_siso.py at commit e9594ce.
 */
import {
  add,
  addMatrices,
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
