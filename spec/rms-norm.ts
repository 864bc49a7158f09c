/** @file Root-mean-square norm. Not numbered in the paper. Evidence [C]. */
import { hadamard, type Matrix, scale, sum, type Vector } from './notation.ts';

/**
 * rms(x; w)_c = w_c x_c / sqrt(mean_c(x_c²) + ε). It subtracts no mean and adds no bias, and ε is inside the root.
 * Evidence [C]. Without a weight (null), w is all ones.
 * Shapes: x [w], weight [w], result [w].
 */
export function rmsNorm(x: Vector, weight: Vector | null, epsilon: number): Vector {
  const meanSquare = sum(0, x.length - 1, (c) => x[c]! * x[c]!) / x.length;
  const normed = scale(1 / Math.sqrt(meanSquare + epsilon), x);
  return weight === null ? normed : hadamard(weight, normed);
}

/** Applies {@link rmsNorm} to every row. */
export function rmsNormRows(x: Matrix, weight: Vector | null, epsilon: number): Matrix {
  return x.map((row) => rmsNorm(row, weight, epsilon));
}
