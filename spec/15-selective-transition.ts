/**
 * @file Eqs. 15-17: the selective transition φ: project, gate, select.
 * All functions are for one token. A feature has width `w`: the key width, the value width, or the size of a state.
 */
import type { Equation } from './equation.ts';
import { hadamard, type Matrix, matVec, silu, type Vector } from './notation.ts';
import type { Reading } from './readings.ts';

/** Proj of Eq. 15: the identity, or a linear map, stored [out, in]. */
export type Projection = 'identity' | Matrix;

/** Weights of the gate's MLP: down [r, i], up [w, r]. r may be 0. */
export interface GateWeights {
  readonly down: Matrix;
  readonly up: Matrix;
}

/**
 * Eq. 15, project: h'_t^{l-i} = Proj(h_t^{l-i}).
 * Evidence [N, S, R]. The notes and the secondary source [N, S] describe a linear map. The released code has none [C].
 * Shapes: h [w], a linear map [w, w], result [w].
 */
export function project(h: Vector, projection: Projection): Vector {
  return projection === 'identity' ? h : matVec(projection, h);
}

/** The record of Eq. 15. */
export const equation15: Equation = {
  number: 15,
  name: 'project',
  chapter: '15-selective-transition.ts',
  evidence: ['N', 'S', 'R'],
  latex: String.raw`{h'}_t^{l-i} = \mathrm{Proj}(h_t^{l-i})`,
  shapes: 'h [w], Proj [w, w] -> [w]',
  note: 'Proj is a linear map or the identity, by the reading `projection`.',
  definition: project,
};

/**
 * Eq. 16, gate: g_t^l = Gate(x_t^l) = act(W_up silu(W_down x_t^l)), where x is the input of the current layer.
 * Evidence [N, C, S, R]. The released code has act = silu.
 * Shapes: x [i], down [r, i], up [w, r], result [w]. With r = 0 the gate is 0.
 */
export function gate(x: Vector, weights: GateWeights, outerActivation: Reading<'gateActivation'>): Vector {
  const hidden = matVec(weights.down, x).map(silu);
  const g = matVec(weights.up, hidden);
  return outerActivation === 'silu' ? g.map(silu) : g;
}

/** The record of Eq. 16. */
export const equation16: Equation = {
  number: 16,
  name: 'gate',
  chapter: '15-selective-transition.ts',
  evidence: ['N', 'C', 'S', 'R'],
  latex: String.raw`g_t^l = \mathrm{Gate}(x_t^l) = \mathrm{SiLU}(W_{\mathrm{up}}\,\mathrm{SiLU}(W_{\mathrm{down}}\,x_t^l))`,
  shapes: 'x [i], W_down [r, i], W_up [w, r] -> [w]',
  note: 'The reading `none` of `gateActivation` leaves out the outer SiLU.',
  definition: gate,
};

/**
 * Eq. 17, select: h''_t^{l-i} = h'_t^{l-i} ⊙ g_t^l.
 * Evidence [N, C, S, R].
 * Shapes: projected [w], g [w], result [w].
 */
export function select(projected: Vector, g: Vector): Vector {
  return hadamard(projected, g);
}

/** The record of Eq. 17. */
export const equation17: Equation = {
  number: 17,
  name: 'select',
  chapter: '15-selective-transition.ts',
  evidence: ['N', 'C', 'S', 'R'],
  latex: String.raw`{h''}_t^{l-i} = {h'}_t^{l-i} \odot g_t^l`,
  shapes: "h' [w], g [w] -> [w]",
  definition: select,
};

/**
 * φ of Eq. 10: projects (Eq. 15) and selects (Eq. 17) one shallow feature, with a gate computed before.
 * Shapes: h [w], g [w], result [w].
 */
export function selectiveTransition(h: Vector, projection: Projection, g: Vector): Vector {
  return select(project(h, projection), g);
}
