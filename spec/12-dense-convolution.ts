/**
 * @file Eqs. 12-14: the state as a sum over the past, the state as a convolution, and the dense output.
 * All functions are for one channel of a layer. Eq. 14 has the reading `raw` of `carry`; `denseRecurrence` computes both readings.
 */
import { type DiscreteSsm, discreteOutput, discreteState, type SsmResult } from './05-discrete-recurrence.ts';
import { inject } from './10-dense-hidden.ts';
import type { Equation } from './equation.ts';
import { add, krylov, type Matrix, matMul, matVec, scale, sum, type Vector, vector } from './notation.ts';
import type { Reading } from './readings.ts';

/** The state carried to the next token. */
export type Carry = Reading<'carry'>;

/**
 * Eq. 12, unrolled recurrence: h_t^l = Ā^t h_0 + Σ_{i=1}^{t} Ā^{t-i} B̄ x_i^l.
 * Evidence [S, R].
 * Shapes: x [t] (the tokens so far), Ā [n][n], B̄ [n], h0 [n], result [n].
 */
export function unrolledState(x: Vector, aBar: Matrix, bBar: Vector, h0: Vector): Vector {
  const carried = krylov(aBar, h0, x.length + 1).at(-1)!;
  const written = krylov(aBar, bBar, x.length);
  return x.map((number, i) => scale(number, written[x.length - 1 - i]!)).reduce(add, carried);
}

/** The record of Eq. 12. */
export const equation12: Equation = {
  number: 12,
  name: 'unrolled recurrence',
  chapter: '12-dense-convolution.ts',
  evidence: ['S', 'R'],
  latex: String.raw`h_t^l = \bar{A}^t h_0 + \sum_{i=1}^{t} \bar{A}^{t-i}\bar{B}\,x_i^l`,
  shapes: 'x [t], Ā [n][n], B̄ [n], h_0 [n] -> [n]',
  definition: unrolledState,
};

/** One token's step h ↦ A h + u, A [n][n], u [n]: Eq. 5 with A = Ā, u = B̄ x. */
export interface Step {
  readonly a: Matrix;
  readonly u: Vector;
}

/**
 * Composes two steps, the left one first: A = A_2 A_1, u = A_2 u_1 + u_2. This is associative, so the steps of a sequence may be
 * composed in any bracketing. The composition of all steps is Eq. 12.
 */
export function composedStep(left: Step, right: Step): Step {
  return { a: matMul(right.a, left.a), u: add(matVec(right.a, left.u), right.u) };
}

/**
 * Eq. 13, the state as a convolution: h_t^l = ((x_1, …, x_t) * (B̄, ĀB̄, …, Ā^{t-1}B̄))_t.
 * Evidence [F, S, R]. The initial state is h_0 = 0. Eq. 12 also has the term of a nonzero h_0.
 * Shapes: x [t] (the tokens so far), Ā [n][n], B̄ [n], result [n].
 */
export function convolvedState(x: Vector, aBar: Matrix, bBar: Vector): Vector {
  const kernel = krylov(aBar, bBar, x.length);
  return vector(bBar.length, (n) => sum(1, x.length, (i) => kernel[x.length - i]![n]! * x[i - 1]!));
}

/** The record of Eq. 13. */
export const equation13: Equation = {
  number: 13,
  name: 'state as a convolution',
  chapter: '12-dense-convolution.ts',
  evidence: ['F', 'S', 'R'],
  latex: String.raw`h_t^l = ((x_1,\ldots,x_t) * (\bar{B}, \bar{A}\bar{B}, \ldots, \bar{A}^{t-1}\bar{B}))_t`,
  shapes: 'x [t], Ā [n][n], B̄ [n] -> [n]',
  note: 'From h_0 = 0; Eq. 12 has the term of another initial state.',
  definition: convolvedState,
};

/**
 * Eq. 14, dense output in convolution mode: y_t^l = C Fuse((x_1, …, x_t) * (B̄, ĀB̄, …, Ā^{t-1}B̄), H_t^l).
 * Evidence [F, S, R]. An initial state h_0 adds Ā^t h_0 to the convolution.
 * Shapes: x [t] (the tokens so far), h0 [n], dense H [j][n], result a number.
 */
export function denseOutput(x: Vector, { aBar, bBar, c }: DiscreteSsm, dense: readonly Vector[], h0: Vector): number {
  const h = add(convolvedState(x, aBar, bBar), krylov(aBar, h0, x.length + 1).at(-1)!);
  return discreteOutput(c, inject(h, dense));
}

/** The record of Eq. 14. */
export const equation14: Equation = {
  number: 14,
  name: 'dense output, convolution mode',
  chapter: '12-dense-convolution.ts',
  evidence: ['F', 'S', 'R'],
  latex: String.raw`y_t^l = C\,\mathrm{Fuse}((x_1,\ldots,x_t) * (\bar{B}, \bar{A}\bar{B}, \ldots, \bar{A}^{t-1}\bar{B}), H_t^l)`,
  shapes: 'x [t], Ā [n][n], B̄ [n], C [n], H [j][n], h_0 [n] -> number',
  note: 'From an initial state h_0, which the formula takes as 0: Ā^t h_0 is added to the convolution. Fuse is Eq. 18. This is the reading `raw` of `carry`; `denseRecurrence` computes both.',
  otherwise: {
    reading: 'carry',
    option: 'fused',
    latex: String.raw`y_t^l = C\,\Bigl(\bar{A}^t h_0 + \sum_{i=1}^{t} \bar{A}^{t-i}\bigl(\bar{B}\,x_i^l + \Phi_i^l\bigr)\Bigr)`,
    note: 'Φ_i is the sum of the collected states H_i. With h′ carried, each token adds it to the sum over the past; Eq. 14 adds Φ_t alone. Unrolled by us from Eqs. 5, 11 and 18.',
    evidence: ['F', 'R'],
  },
  definition: denseOutput,
};

/** H_t for every token, [t][j][n], nearest layer first. */
export type Collected = readonly (readonly Vector[])[];

/** The output [t] of a sequence, and the carried state [n] after it. */
export type Carried = Pick<SsmResult, 'output' | 'state'>;

/**
 * Computes Eqs. 5, 11 and 6 token by token, under both readings of `carry`. The state carried to t + 1 is h_t (`raw`, as in Eq. 14) or
 * the fused h'_t (`fused`). At the first token the outputs of both readings are equal, and the carried states differ.
 * Unrolled, with Φ_i the sum of H_i: raw is y_t = C (Ā^t h_0 + Σ_{i=1}^{t} Ā^{t-i} B̄ x_i + Φ_t) [F, S, R: Eq. 14], and fused is
 * y_t = C (Ā^t h_0 + Σ_{i=1}^{t} Ā^{t-i} (B̄ x_i + Φ_i)) [F, R].
 * Shapes: x [t], H [t][j][n], h0 [n], output [t], state [n].
 */
export function denseRecurrence(x: Vector, ssm: DiscreteSsm, dense: Collected, h0: Vector, carry: Carry): Carried {
  let carried = h0;
  const output = x.map((number, t) => {
    const h = discreteState(ssm.aBar, ssm.bBar, carried, number);
    const fused = inject(h, dense[t]!);
    carried = carry === 'fused' ? fused : h;
    return discreteOutput(ssm.c, fused);
  });
  return { output, state: carried };
}
