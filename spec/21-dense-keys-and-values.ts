/**
 * @file Eqs. 21-24: dense keys and values, collected from shallower layers at the same token and fused.
 * All functions are for one token, except the last. `w` is the key width for keys and the value width for values, over all heads:
 * fusion and its norm come before the split into heads.
 */
import { collect, inject, sourceCount } from './10-dense-hidden.ts';
import { type GateWeights, gate, type Projection } from './15-selective-transition.ts';
import { type FusionMaps, fuse } from './18-dense-fusion.ts';
import type { Equation } from './equation.ts';
import { given, type Matrix, type Vector } from './notation.ts';
import type { Reading } from './readings.ts';
import { rmsNorm } from './rms-norm.ts';

/** The parameters of one layer's fusion of keys, or of values, with J = min(l, m) sources, nearest layer first. */
export interface FusionParameters extends FusionMaps {
  /** One gate if all sources share it, J if each source has its own, none if J = 0. */
  readonly gates: readonly GateWeights[];
  /** J maps [w, w]. Present if the projection is linear. */
  readonly projections?: readonly Matrix[];
  /** [w]. Present if the reading `fusedNorm` has a norm. */
  readonly norm?: Vector;
}

/** Settings of fusion: m, ε and the readings. */
export interface FusionRule {
  /** m */
  readonly denseLayers: number;
  readonly epsilon: number;
  readonly readings: {
    readonly projection: Reading<'projection'>;
    readonly gate: Reading<'gate'>;
    readonly gateActivation: Reading<'gateActivation'>;
    readonly fusion: Reading<'fusion'>;
    readonly fusedNorm: Reading<'fusedNorm'>;
  };
}

/**
 * Eq. 21, dense keys: K_t^l = [φ(k_t^{l-1}); φ(k_t^{l-2}); …; φ(k_t^{l-m})].
 * Evidence [F, C, R].
 * Shapes: keys [l][w] (layer 0 first), projections [j], gates [j][w], result [j][w] (nearest layer first).
 */
export function denseKeys(
  keys: Matrix,
  m: number,
  projections: readonly Projection[],
  gates: Matrix,
): readonly Vector[] {
  return collect(keys, m, projections, gates);
}

/** The record of Eq. 21. */
export const equation21: Equation = {
  number: 21,
  name: 'dense keys',
  chapter: '21-dense-keys-and-values.ts',
  evidence: ['F', 'C', 'R'],
  latex: String.raw`K_t^l = [\phi(k_t^{l-1}); \phi(k_t^{l-2}); \ldots; \phi(k_t^{l-m})]`,
  shapes: 'k [l][w], m, projections [j], gates [j][w] -> [j][w]',
  note: 'φ also takes the projections and gates of the sources (Eqs. 15 and 17). A layer l < m has only J = min(l, m) sources.',
  definition: denseKeys,
};

/**
 * Eq. 22, dense values: V_t^l = [φ(v_t^{l-1}); φ(v_t^{l-2}); …; φ(v_t^{l-m})].
 * Evidence [F, C, R].
 * Shapes: values [l][w] (layer 0 first), projections [j], gates [j][w], result [j][w] (nearest layer first).
 */
export function denseValues(
  values: Matrix,
  m: number,
  projections: readonly Projection[],
  gates: Matrix,
): readonly Vector[] {
  return collect(values, m, projections, gates);
}

/** The record of Eq. 22. */
export const equation22: Equation = {
  number: 22,
  name: 'dense values',
  chapter: '21-dense-keys-and-values.ts',
  evidence: ['F', 'C', 'R'],
  latex: String.raw`V_t^l = [\phi(v_t^{l-1}); \phi(v_t^{l-2}); \ldots; \phi(v_t^{l-m})]`,
  shapes: 'v [l][w], m, projections [j], gates [j][w] -> [j][w]',
  note: 'φ also takes the projections and gates of the sources (Eqs. 15 and 17). A layer l < m has only J = min(l, m) sources.',
  definition: denseValues,
};

/**
 * Eq. 23, fused keys: k'_t^l = Fuse(k_t^l, K_t^l).
 * Evidence [F, C, R].
 * Shapes: k [w], dense [j][w], result [w].
 */
export function fusedKeys(k: Vector, dense: readonly Vector[]): Vector {
  return inject(k, dense);
}

/** The record of Eq. 23. */
export const equation23: Equation = {
  number: 23,
  name: 'fused keys',
  chapter: '21-dense-keys-and-values.ts',
  evidence: ['F', 'C', 'R'],
  latex: String.raw`{k'}_t^l = \mathrm{Fuse}(k_t^l, K_t^l)`,
  shapes: 'k [w], K [j][w] -> [w]',
  note: 'Fuse is Eq. 18, the reading `add` of `fusion`.',
  definition: fusedKeys,
};

/**
 * Eq. 24, fused values: v'_t^l = Fuse(v_t^l, V_t^l).
 * Evidence [F, C, R].
 * Shapes: v [w], dense [j][w], result [w].
 */
export function fusedValues(v: Vector, dense: readonly Vector[]): Vector {
  return inject(v, dense);
}

/** The record of Eq. 24. */
export const equation24: Equation = {
  number: 24,
  name: 'fused values',
  chapter: '21-dense-keys-and-values.ts',
  evidence: ['F', 'C', 'R'],
  latex: String.raw`{v'}_t^l = \mathrm{Fuse}(v_t^l, V_t^l)`,
  shapes: 'v [w], V [j][w] -> [w]',
  note: 'Fuse is Eq. 18, the reading `add` of `fusion`.',
  definition: fusedValues,
};

/** Computes the gates of the J sources from the input x of the current layer. A shared gate is repeated J times. Result [j][w]. */
export function sourceGates(x: Vector, parameters: FusionParameters, rule: FusionRule, sources: number): Matrix {
  return Array.from({ length: sources }, (_, i) => {
    const which = rule.readings.gate === 'shared' ? 0 : i;
    const weights = given(parameters.gates[which], `gate ${which + 1} of ${parameters.gates.length}`);
    return gate(x, weights, rule.readings.gateActivation);
  });
}

/** Returns the projections of the J sources under the reading `projection`. */
export function sourceProjections(parameters: FusionParameters, rule: FusionRule, sources: number): Projection[] {
  return Array.from({ length: sources }, (_, i) => {
    if (rule.readings.projection === 'identity') return 'identity';
    return given(parameters.projections?.[i], `linear projection of source ${i + 1}`);
  });
}

/**
 * Eqs. 15-18 and 21-24 for one token, under every reading: norm(Fuse(f, [Proj_j(f^{l-j}) ⊙ g_j])). The norm is RMS norm over all w
 * channels, or the identity. Without sources the result is norm(f).
 * Shapes: own [w], shallow [l][w] (layer 0 first), x [i], result [w].
 */
export function denseFeature(
  own: Vector,
  shallow: Matrix,
  x: Vector,
  parameters: FusionParameters,
  rule: FusionRule,
): Vector {
  const sources = sourceCount(shallow.length, rule.denseLayers);
  const projections = sourceProjections(parameters, rule, sources);
  const gates = sourceGates(x, parameters, rule, sources);
  const selected = collect(shallow, rule.denseLayers, projections, gates);
  const fused = fuse(own, selected, rule.readings.fusion, parameters);
  if (rule.readings.fusedNorm === 'none') return fused;
  return rmsNorm(fused, given(parameters.norm, 'norm of the fused features'), rule.epsilon);
}

/**
 * Applies {@link denseFeature} at every token of a sequence, to shallow features of the same token.
 * Shapes: own [t][w], shallow [l][t][w], x [t][i], result [t][w].
 */
export function denseSequence(
  own: Matrix,
  shallow: readonly Matrix[],
  x: Matrix,
  parameters: FusionParameters,
  rule: FusionRule,
): Matrix {
  const below = (t: number) => shallow.map((features) => features[t]!);
  return own.map((feature, t) => denseFeature(feature, below(t), x[t]!, parameters, rule));
}
