/** @file Eqs. 5, 6: the discrete state space model of one channel as a recurrence. `discretisation.ts` computes Ā and B̄. */
import type { Complex } from './complex.ts';
import type { Discrete } from './discretisation.ts';
import type { Equation } from './equation.ts';
import { add, dot, type Matrix, matrix, matVec, scale, type Vector, vector } from './notation.ts';

/** The parameters of one channel: Ā [n][n], B̄ [n], C [n]. */
export interface DiscreteSsm extends Discrete {
  readonly c: Vector;
}

/** The outputs and states of a sequence. */
export interface SsmResult {
  /** [t] */
  readonly output: Vector;
  /** The state after every token, [t][n]. */
  readonly states: Matrix;
  /** The state after the last token, [n]. For an empty sequence, the initial state. */
  readonly state: Vector;
}

/**
 * Eq. 5, discrete state: h_t = Ā h_{t-1} + B̄ x_t.
 * Evidence [F, R].
 * Shapes: Ā [n][n], B̄ [n], h [n], x a number, result [n].
 */
export function discreteState(aBar: Matrix, bBar: Vector, h: Vector, x: number): Vector {
  return add(matVec(aBar, h), scale(x, bBar));
}

/** The record of Eq. 5. */
export const equation5: Equation = {
  number: 5,
  name: 'discrete state',
  chapter: '05-discrete-recurrence.ts',
  evidence: ['F', 'R'],
  latex: String.raw`h_t = \bar{A}\,h_{t-1} + \bar{B}\,x_t`,
  shapes: 'Ā [n][n], B̄ [n], h [n], x -> [n]',
  definition: discreteState,
};

/**
 * Eq. 6, discrete output: y_t = C h_t.
 * Evidence [F, R].
 * Shapes: C [n], h [n], result a number.
 */
export function discreteOutput(c: Vector, h: Vector): number {
  return dot(c, h);
}

/** The record of Eq. 6. */
export const equation6: Equation = {
  number: 6,
  name: 'discrete output',
  chapter: '05-discrete-recurrence.ts',
  evidence: ['F', 'R'],
  latex: String.raw`y_t = C\,h_t`,
  shapes: 'C [n], h [n] -> number',
  definition: discreteOutput,
};

/**
 * Computes Eqs. 5 and 6 token by token, from the state h0 (zero if not given).
 * Shapes: x [t], h0 [n], output [t], states [t][n], state [n].
 */
export function recurrence(x: Vector, { aBar, bBar, c }: DiscreteSsm, h0?: Vector): SsmResult {
  const states: Vector[] = [];
  let h = h0 ?? vector(bBar.length, () => 0);
  for (const number of x) {
    h = discreteState(aBar, bBar, h, number);
    states.push(h);
  }
  return { output: states.map((state) => discreteOutput(c, state)), states, state: h };
}

/** The diagonal matrix with the entries [n]. */
export function diagonal(entries: Vector): Matrix {
  return matrix(entries.length, entries.length, (i, j) => (i === j ? entries[i]! : 0));
}

/**
 * Makes the real model of n conjugate pairs of eigenvalues, with 2n states. The two states of a pair are conjugates, so one of them is
 * enough: y = 2 Re Σ_n C_n h_n. In real numbers (Re h, Im h), multiplication by a + ib is the block [[a, -b], [b, a]].
 * Shapes: aBar, bBar, c [n] complex; result Ā [2n][2n], B̄ [2n], C [2n].
 */
export function conjugatePairs(aBar: readonly Complex[], bBar: readonly Complex[], c: readonly Complex[]): DiscreteSsm {
  return {
    aBar: pairBlocks(aBar),
    bBar: bBar.flatMap(({ re, im }) => [re, im]),
    c: c.flatMap(({ re, im }) => [2 * re, -2 * im]),
  };
}

/** The block-diagonal matrix of the blocks [[a, -b], [b, a]]. Shapes: numbers [n] complex, result [2n][2n]. */
export function pairBlocks(numbers: readonly Complex[]): Matrix {
  const block = ({ re, im }: Complex) => [
    [re, -im],
    [im, re],
  ];
  return matrix(2 * numbers.length, 2 * numbers.length, (i, j) => {
    const [row, column] = [Math.floor(i / 2), Math.floor(j / 2)];
    return row === column ? block(numbers[row]!)[i % 2]![j % 2]! : 0;
  });
}
