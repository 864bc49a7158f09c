/**
 * @file One token of a selective scan whose channels are in heads, from the state before the token to the state after it.
 * Not numbered in the paper. [T]: state-spaces/mamba, `selective_state_update_ref` of mamba_ssm/ops/triton/selective_state_update.py at
 * commit e9594ce.
 */
import { clamp, type Matrix, softplus, type Vector } from './notation.ts';
import { selectiveOutput, selectiveState } from './selective-ssm.ts';

/** The inputs of one token and one head. What a head shares is one number, else there is one for each channel. */
export interface TokenInputs {
  /** [e] */
  readonly x: Vector;
  /** δ, a number or [e], which determines Δ */
  readonly delta: number | Vector;
  /** A, a number or [e][n], negative for a decaying state */
  readonly a: number | Matrix;
  /** [n] */
  readonly b: Vector;
  /** [n] */
  readonly c: Vector;
  /** D, a number or [e]: the weight of the skip connection from x */
  readonly skip?: number | Vector;
  /** [e], the gate: the output is multiplied by silu(z) */
  readonly z?: Vector;
  /** A number or [e] */
  readonly deltaBias?: number | Vector;
  readonly deltaSoftplus: boolean;
  /** The least and the largest Δ */
  readonly deltaLimit?: readonly [number, number];
}

/** Output and state of one head after a token. */
export interface Updated {
  /** [e] */
  readonly output: Vector;
  /** [e][n] */
  readonly state: Matrix;
}

/** The number of channel e, from one number for all channels or one for each. */
export const ofChannel = (x: number | Vector, e: number): number => (typeof x === 'number' ? x : x[e]!);

/**
 * Δ[e] = clamp(softplus(δ[e] + bias[e])). Clamp, softplus and bias are optional; the source's update has no clamp, its scan has one.
 * Evidence [T]. There, softplus is the identity above 20, which differs from the exact value by 2·10⁻⁹. Here it has no threshold.
 */
export function tokenStep({ delta, deltaBias = 0, deltaSoftplus, deltaLimit }: TokenInputs, e: number): number {
  const biased = ofChannel(delta, e) + ofChannel(deltaBias, e);
  const step = deltaSoftplus ? softplus(biased) : biased;
  return deltaLimit === undefined ? step : clamp(step, ...deltaLimit);
}

/**
 * h[e][n] ← exp(Δ[e] A[e][n]) h[e][n] + Δ[e] B[n] x[e], then y[e] = (Σ_n C[n] h[e][n] + D[e] x[e]) silu(z[e]). D and z are optional.
 * Evidence [T]. Shapes: h [e][n].
 */
export function selectiveStateUpdate(inputs: TokenInputs, h: Matrix): Updated {
  const { x, a, b, c, skip, z } = inputs;
  const state = h.map((row, e) => {
    const rates = typeof a === 'number' ? row.map(() => a) : a[e]!;
    return selectiveState(row, tokenStep(inputs, e), rates, b, x[e]!);
  });
  const output = state.map((row, e) =>
    selectiveOutput(row, c, x[e]!, skip === undefined ? undefined : ofChannel(skip, e), z?.[e]),
  );
  return { output, state };
}
