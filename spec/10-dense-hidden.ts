/**
 * @file Eqs. 10, 11: the dense hidden connection, which collects features of shallower layers and injects them.
 * All functions are for one token, and use features of shallower layers at that token. A feature has width `w`. It is a state as one
 * row of numbers, or keys, or values.
 */
import { type Projection, selectiveTransition } from './15-selective-transition.ts';
import { fuseByAddition } from './18-dense-fusion.ts';
import type { Equation } from './equation.ts';
import { given, type Matrix, type Vector } from './notation.ts';

/** J = min(l, m), the number of sources: a layer near the input has fewer than m layers below it. [C] */
export function sourceCount(l: number, m: number): number {
  return Math.min(l, m);
}

/**
 * Eq. 10, collect: H_t^l = [φ(h_t^{l-1}); φ(h_t^{l-2}); …; φ(h_t^{l-m})].
 * Evidence [N, F]. There are J = min(l, m) projections and gates.
 * Shapes: states [l][w] (layer 0 first), projections [j], gates [j][w], result [j][w] (nearest layer first).
 */
export function collect(
  states: Matrix,
  m: number,
  projections: readonly Projection[],
  gates: Matrix,
): readonly Vector[] {
  const l = states.length;
  return Array.from({ length: sourceCount(l, m) }, (_, i) => {
    const projection = given(projections[i], `projection of source ${i + 1}`);
    const g = given(gates[i], `gate of source ${i + 1}`);
    return selectiveTransition(states[l - (i + 1)]!, projection, g);
  });
}

/** The record of Eq. 10. */
export const equation10: Equation = {
  number: 10,
  name: 'collect',
  chapter: '10-dense-hidden.ts',
  evidence: ['N', 'F'],
  latex: String.raw`H_t^l = [\phi(h_t^{l-1}); \phi(h_t^{l-2}); \ldots; \phi(h_t^{l-m})]`,
  shapes: 'h [l][w], m, projections [j], gates [j][w] -> [j][w]',
  note: 'φ also takes the projections and gates of the sources (Eqs. 15 and 17). A layer l < m has only J = min(l, m) sources.',
  definition: collect,
};

/**
 * Eq. 11, inject: h'_t^l = Fuse(h_t^l, H_t^l).
 * Evidence [N, F]. Fuse is Eq. 18, the reading `add`. In Eq. 15, h' has another meaning: a projected shallow state.
 * Shapes: h [w], H [j][w], result [w].
 */
export function inject(h: Vector, dense: readonly Vector[]): Vector {
  return fuseByAddition(h, dense);
}

/** The record of Eq. 11. */
export const equation11: Equation = {
  number: 11,
  name: 'inject',
  chapter: '10-dense-hidden.ts',
  evidence: ['N', 'F'],
  latex: String.raw`{h'}_t^l = \mathrm{Fuse}(h_t^l, H_t^l)`,
  shapes: 'h [w], H [j][w] -> [w]',
  note: 'Fuse is Eq. 18, the reading `add` of `fusion`. Whether the next token begins from h or from h′ is the reading `carry`.',
  definition: inject,
};
