/** @file The linear recurrence that a scan computes. It gives the states of retention and of every diagonal state space model. */
import { add, type Matrix, type Vector } from './notation.ts';

/**
 * h_t = a_t ⊙ h_{t-1} + b_t: Eq. 5 with the decay and the drive of each token as inputs.
 * Evidence [F, R].
 * Shapes: a [t][n], b [t][n], h_0 [n], result [t][n].
 */
export function linearRecurrence(a: Matrix, b: Matrix, start: Vector): Matrix {
  const states: Vector[] = [];
  let h = start;
  for (let t = 0; t < b.length; t++) {
    h = add(
      h.map((value, n) => a[t]![n]! * value),
      b[t]!,
    );
    states.push(h);
  }
  return states;
}
