/**
 * @file Mamba's selective scan: a diagonal state space model. Its step size, input map and output map depend on the token.
 * Not numbered in the paper. [T]: state-spaces/mamba, `selective_scan_ref` of mamba_ssm/ops/selective_scan_interface.py at commit
 * e9594ce.
 */
import { given, type Matrix, silu, softplus, sum, type Vector, vector, zeros } from './notation.ts';

/**
 * B or C. `constant` [e][n]: one row per channel, the same for every token. `token` [t][n]: one row per token, the same for every
 * channel. `group` [t][g][n]: one row per token and group of neighbouring channels.
 */
export type StateMap =
  | { readonly layout: 'constant'; readonly rows: Matrix }
  | { readonly layout: 'token'; readonly rows: Matrix }
  | { readonly layout: 'group'; readonly rows: readonly Matrix[] };

/** The inputs of a selective scan. */
export interface SelectiveInputs {
  /** [t][e] */
  readonly u: Matrix;
  /** δ [t][e], which determines Δ */
  readonly delta: Matrix;
  /** A [e][n], negative for a decaying state */
  readonly a: Matrix;
  readonly b: StateMap;
  readonly c: StateMap;
  /** D [e]: the weight of the skip connection from u */
  readonly skip?: Vector;
  /** [t][e], the gate: the output is multiplied by silu(z) */
  readonly z?: Matrix;
  /** [e] */
  readonly deltaBias?: Vector;
  readonly deltaSoftplus: boolean;
}

/** The outputs and the last state of a selective scan. */
export interface Scanned {
  /** [t][e] */
  readonly output: Matrix;
  /** [e][n] */
  readonly state: Matrix;
}

/**
 * The row of B or C for channel e of `channels` at token t. With groups, it is the row of group ⌊e / (channels / groups)⌋.
 * Evidence [T]. Shapes: result [n].
 */
export function stateMapRow(map: StateMap, t: number, e: number, channels: number): Vector {
  if (map.layout === 'constant') return given(map.rows[e], `row ${e} of a constant map`);
  if (map.layout === 'token') return given(map.rows[t], `row ${t} of a map per token`);
  const groups = given(map.rows[t], `rows of token ${t} of a grouped map`);
  return given(groups[Math.floor(e / (channels / groups.length))], `the group of channel ${e}`);
}

/**
 * Δ_t[e] = softplus(δ_t[e] + bias[e]). Softplus and bias are optional.
 * Evidence [T]. There, softplus is the identity above 20, which differs from the exact value by 2·10⁻⁹. Here it has no threshold.
 */
export function stepSize(inputs: SelectiveInputs, t: number, e: number): number {
  const delta = inputs.delta[t]![e]! + (inputs.deltaBias === undefined ? 0 : inputs.deltaBias[e]!);
  return inputs.deltaSoftplus ? softplus(delta) : delta;
}

/**
 * The state of one channel: h_t[n] = exp(Δ A[n]) h_{t-1}[n] + Δ B[n] u. A is discretised exactly, B by Euler's rule.
 * Evidence [T]. Shapes: h [n], a [n], b [n], result [n].
 */
export function selectiveState(h: Vector, step: number, a: Vector, b: Vector, u: number): Vector {
  return vector(h.length, (n) => Math.exp(step * a[n]!) * h[n]! + step * b[n]! * u);
}

/**
 * The output of one channel: y_t = (Σ_n C[n] h_t[n] + D u) silu(z). D and z are optional.
 * Evidence [T]. Shapes: h [n], c [n].
 */
export function selectiveOutput(h: Vector, c: Vector, u: number, skip?: number, z?: number): number {
  const y = sum(0, h.length - 1, (n) => c[n]! * h[n]!) + (skip === undefined ? 0 : skip * u);
  return z === undefined ? y : y * silu(z);
}

/**
 * Selective scan of one sequence, token by token and channel by channel, from the state h0 (zero if not given). The state does not
 * depend on D and z. For an empty sequence the final state is h0.
 * Evidence [T]. There, the scan always starts from zero.
 * Shapes: h0 [e][n], output [t][e], state [e][n].
 */
export function selectiveScan(inputs: SelectiveInputs, h0?: Matrix): Scanned {
  const { u, a, b, c, skip, z } = inputs;
  const output: Vector[] = [];
  let h = h0 ?? zeros(a.length, a[0]?.length ?? 0);
  for (let t = 0; t < u.length; t++) {
    h = h.map((state, e) =>
      selectiveState(state, stepSize(inputs, t, e), a[e]!, stateMapRow(b, t, e, a.length), u[t]![e]!),
    );
    output.push(
      h.map((state, e) => selectiveOutput(state, stateMapRow(c, t, e, a.length), u[t]![e]!, skip?.[e], z?.[t]?.[e])),
    );
  }
  return { output, state: h };
}
