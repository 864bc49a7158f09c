/**
 * @file State space duality (SSD), the recurrence of Mamba-2, for one head: the decay is one number per token.
 * Not numbered in the paper. [T]: state-spaces/mamba, mamba_ssm/modules/ssd_minimal.py at commit e9594ce, which computes it in blocks.
 */
import { addMatrices, columns, type Matrix, matVec, outer, scaleMatrix, type Vector, zeros } from './notation.ts';

/** Outputs [t][e], and the state [e][n] after the last token. */
export interface Dual {
  readonly output: Matrix;
  readonly state: Matrix;
}

/**
 * h_t = exp(g_t) h_{t-1} + x_t ⊗ B_t, y_t = h_t C_t. g_t = Δ_t A is the logarithm of the token's decay. x contains the factor Δ.
 * The duality: this is gated linear attention with queries C, keys B and values x, and with its state transposed.
 * Evidence [T]. Shapes: x [t][e], g [t], b [t][n], c [t][n], h0 [e][n].
 */
export function stateSpaceDuality(x: Matrix, g: Vector, b: Matrix, c: Matrix, h0?: Matrix): Dual {
  const output: Vector[] = [];
  let h = h0 ?? zeros(columns(x), columns(b));
  for (let t = 0; t < x.length; t++) {
    h = addMatrices(scaleMatrix(Math.exp(g[t]!), h), outer(x[t]!, b[t]!));
    output.push(matVec(h, c[t]!));
  }
  return { output, state: h };
}

/**
 * The group of head a, ⌊a / (heads / groups)⌋. The heads of a group are neighbours and share B and C.
 * Evidence [T]: Mamba-2 repeats the rows of a group for its heads.
 */
export function groupOfHead(a: number, heads: number, groups: number): number {
  return Math.floor(a / (heads / groups));
}
