/**
 * @file Eqs. 3, 4: the continuous state space model of one channel, and its solution over a step.
 * The model has n states; x and y are numbers. A layer has one model per channel.
 */
import type { Equation } from './equation.ts';
import { matrixExponential } from './matrix-exponential.ts';
import { add, dot, type Matrix, matVec, scale, type Vector, vector } from './notation.ts';

/** The parameters of one channel. */
export interface ContinuousSsm {
  /** A [n][n] */
  readonly a: Matrix;
  /** B [n] */
  readonly b: Vector;
  /** C [n] */
  readonly c: Vector;
}

/**
 * Eq. 3, derivative of the state: h'(t) = A h(t) + B x(t).
 * Evidence [R]. Standard.
 * Shapes: A [n][n], B [n], h [n], x a number, result [n].
 */
export function stateDerivative(a: Matrix, b: Vector, h: Vector, x: number): Vector {
  return add(matVec(a, h), scale(x, b));
}

/** The record of Eq. 3. */
export const equation3: Equation = {
  number: 3,
  name: 'derivative of the state',
  chapter: '03-continuous-ssm.ts',
  evidence: ['R'],
  latex: String.raw`h'(t) = A\,h(t) + B\,x(t)`,
  shapes: 'A [n][n], B [n], h [n], x -> [n]',
  definition: stateDerivative,
};

/**
 * Eq. 4, continuous output: y(t) = C h(t).
 * Evidence [R]. Standard.
 * Shapes: C [n], h [n], result a number.
 */
export function continuousOutput(c: Vector, h: Vector): number {
  return dot(c, h);
}

/** The record of Eq. 4. */
export const equation4: Equation = {
  number: 4,
  name: 'continuous output',
  chapter: '03-continuous-ssm.ts',
  evidence: ['R'],
  latex: String.raw`y(t) = C\,h(t)`,
  shapes: 'C [n], h [n] -> number',
  definition: continuousOutput,
};

/**
 * Eq. 3 solved over a step Δ with constant x: h(t + Δ) = exp(ΔA) h(t) + ∫_0^Δ exp(sA) ds B x.
 * The vector (h; x) has the derivative [[A, B], [0, 0]] (h; x). The exponential of this matrix gives both terms without A^{-1}.
 * Shapes: A [n][n], B [n], h [n], x a number, result [n].
 */
export function heldSolution(a: Matrix, b: Vector, h: Vector, x: number, delta: number): Vector {
  const flow = matrixExponential(heldGenerator(a, b, delta));
  return matVec(flow, [...h, x]).slice(0, h.length);
}

/** Δ [[A, B], [0, 0]]. Shapes: A [n][n], B [n], result [n + 1][n + 1]. */
export function heldGenerator(a: Matrix, b: Vector, delta: number): Matrix {
  const rows = a.map((row, i) => scale(delta, [...row, b[i]!]));
  return [...rows, vector(a.length + 1, () => 0)];
}
