/**
 * @file Discretises A and B to the Ā and B̄ of Eq. 5: zero-order hold, the bilinear rule, Euler's rule.
 * The paper names the zero-order hold, Ā = exp(ΔA), B̄ = (ΔA)^{-1} (exp(ΔA) - I) ΔB: evidence [F, R]. The others are the usual
 * alternatives.
 */
import { heldGenerator } from './03-continuous-ssm.ts';
import { type Complex, exponential, phi1, scaled, times } from './complex.ts';
import { matrixExponential, solve } from './matrix-exponential.ts';
import { addMatrices, identity, type Matrix, scale, scaleMatrix, type Vector } from './notation.ts';

/** Ā [n][n] and B̄ [n] of one channel. */
export interface Discrete {
  readonly aBar: Matrix;
  readonly bBar: Vector;
}

/** A rule that discretises a continuous model. */
export type Discretise = (a: Matrix, b: Vector, delta: number) => Discrete;

/**
 * Zero-order hold, the solution of Eq. 3 with x constant over the step: Ā = exp(ΔA), B̄ = ∫_0^Δ exp(sA) ds B. If A has an inverse,
 * B̄ = (ΔA)^{-1} (exp(ΔA) - I) ΔB. Both are parts of one exponential, exp(Δ [[A, B], [0, 0]]) = [[Ā, B̄], [0, 1]], so a singular A
 * needs no special case.
 * Shapes: A [n][n], B [n], Δ a number.
 */
export function zeroOrderHold(a: Matrix, b: Vector, delta: number): Discrete {
  const n = a.length;
  const flow = matrixExponential(heldGenerator(a, b, delta)).slice(0, n);
  return { aBar: flow.map((row) => row.slice(0, n)), bBar: flow.map((row) => row[n]!) };
}

/**
 * Bilinear (trapezoidal) rule: Ā = (I - ΔA/2)^{-1} (I + ΔA/2), B̄ = (I - ΔA/2)^{-1} ΔB.
 * Shapes: A [n][n], B [n], Δ a number.
 */
export function bilinear(a: Matrix, b: Vector, delta: number): Discrete {
  const one = identity(a.length);
  const backward = addMatrices(one, scaleMatrix(-delta / 2, a));
  const forward = addMatrices(one, scaleMatrix(delta / 2, a));
  const column = scale(delta, b).map((x) => [x]);
  return { aBar: solve(backward, forward), bBar: solve(backward, column).flat() };
}

/**
 * Euler's rule: Ā = I + ΔA, B̄ = ΔB.
 * Shapes: A [n][n], B [n], Δ a number.
 */
export function euler(a: Matrix, b: Vector, delta: number): Discrete {
  return { aBar: addMatrices(identity(a.length), scaleMatrix(delta, a)), bBar: scale(delta, b) };
}

/** The three rules by name. */
export const discretiseBy = { zeroOrderHold, bilinear, euler } as const satisfies Readonly<Record<string, Discretise>>;

/**
 * Zero-order hold of one eigenvalue λ of a diagonal A, and its entry of B: Ā = e^{Δλ}, B̄ = Δ φ_1(Δλ) B, φ_1(z) = (e^z - 1) / z.
 * B̄ tends to ΔB as Δλ tends to 0.
 */
export function heldEigenvalue(eigenvalue: Complex, b: Complex, delta: number): { aBar: Complex; bBar: Complex } {
  const z = scaled(delta, eigenvalue);
  return { aBar: exponential(z), bBar: scaled(delta, times(phi1(z), b)) };
}
