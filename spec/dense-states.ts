/**
 * @file The dense hidden connection over the states of diagonal state space models, for one token: Eqs. 10, 11 and 15-18 where what
 * is fused is a state, under every reading. A state [e][n] stands in a row: entry e·N + n of w = E·N. The equations are the
 * paper's [N, F, R]; the shapes of gates, projections and norms, and what concatenation and cross-attention do, are our choice.
 */
import { softmax } from './01-attention.ts';
import { collect, inject, sourceCount } from './10-dense-hidden.ts';
import { type GateWeights, gate, type Projection } from './15-selective-transition.ts';
import { add, dot, given, hadamard, type Matrix, matrix, matVec, type Vector, vecMat, vector } from './notation.ts';
import type { Reading } from './readings.ts';
import { rmsNorm } from './rms-norm.ts';

/** The readings that the fusion of states depends on; what the gate reads is up to the network. */
export interface StateReadings {
  readonly carry: Reading<'carry'>;
  readonly pass: Reading<'pass'>;
  readonly projection: Reading<'projection'>;
  readonly projectionWidth: Reading<'projectionWidth'>;
  readonly gate: Reading<'gate'>;
  readonly gateActivation: Reading<'gateActivation'>;
  readonly gateWidth: Reading<'gateWidth'>;
  readonly fusion: Reading<'fusion'>;
  readonly stateNorm: Reading<'stateNorm'>;
}

/** How states are fused. */
export interface StateFusionRule {
  /** m */
  readonly denseLayers: number;
  readonly epsilon: number;
  readonly readings: StateReadings;
}

/** The parameters of one layer's fusion of states. J = min(l, m) sources, nearest layer first; none where J = 0. */
export interface StateFusion {
  /** One if the gate is shared, J if each source has its own; `up` has E, N or E·N rows, as gateWidth says. */
  readonly gates: readonly GateWeights[];
  /** J maps [n, n] or [e, e], as projectionWidth says, only where the projection is linear. */
  readonly projections?: readonly Matrix[];
  /** [n, (J+1)·n]: own states, then those of each source. Only where states are fused by concatenation. */
  readonly merge?: Matrix;
  /** [n, n], only where states are fused by attention. */
  readonly query?: Matrix;
  /** [n, n], only where states are fused by attention. */
  readonly key?: Matrix;
  /** [e][n], only where the fused state is normed. */
  readonly norm?: Matrix;
}

/** E and N. */
export interface StateSize {
  readonly channels: number;
  readonly states: number;
}

/** A gate's numbers over a whole state: per channel (the same for its N states), per state (for the E channels), or per entry. */
export function gateOver(g: Vector, width: Reading<'gateWidth'>, { channels, states }: StateSize): Vector {
  return vector(channels * states, (i) => {
    if (width === 'channel') return g[Math.floor(i / states)]!;
    return width === 'state' ? g[i % states]! : g[i]!;
  });
}

/** A projection over a whole state: of the N states in each channel, or of the E channels in each state. Result [w, w]. */
export function projectionOver(
  map: Matrix,
  width: Reading<'projectionWidth'>,
  { channels, states }: StateSize,
): Matrix {
  const place = (i: number) => ({ e: Math.floor(i / states), n: i % states });
  return matrix(channels * states, channels * states, (to, from) => {
    const [a, b] = [place(to), place(from)];
    if (width === 'state') return a.e === b.e ? map[a.n]![b.n]! : 0;
    return a.n === b.n ? map[a.e]![b.e]! : 0;
  });
}

/**
 * Eqs. 10 and 15-17 for states: H_t^l = [φ(h_t^{l-1}); …; φ(h_t^{l-m})], all gates from the current layer's x.
 * Shapes: shallow [l][w] (layer 0 first), x [width], result [j][w] (nearest layer first).
 */
export function selectedStates(
  shallow: Matrix,
  x: Vector,
  fusion: StateFusion,
  { denseLayers, readings }: StateFusionRule,
  size: StateSize,
): readonly Vector[] {
  const sources = Array.from({ length: sourceCount(shallow.length, denseLayers) }, (_, i) => i);
  const gates = sources.map((i) => {
    const weights = given(fusion.gates[readings.gate === 'shared' ? 0 : i], `gate of source ${i + 1}`);
    return gateOver(gate(x, weights, readings.gateActivation), readings.gateWidth, size);
  });
  const projections = sources.map((i): Projection => {
    if (readings.projection === 'identity') return 'identity';
    return projectionOver(given(fusion.projections?.[i], `projection ${i + 1}`), readings.projectionWidth, size);
  });
  return collect(shallow, denseLayers, projections, gates);
}

/** The N states of channel e. */
function channelOf(h: Vector, e: number, states: number): Vector {
  return h.slice(e * states, (e + 1) * states);
}

/**
 * Fusion by concatenation: h'[e] = W [h[e]; h''^{l-1}[e]; …; h''^{l-m}[e]] in every channel e.
 * Evidence [N, R] that there is such an alternative; its form is our choice. With W = [I, I, …] it is Eq. 18.
 * Shapes: h [w], selected [j][w], merge [n, (J+1)·n], result [w].
 */
export function fuseByConcatenation(h: Vector, selected: readonly Vector[], merge: Matrix, size: StateSize): Vector {
  const channels = Array.from({ length: size.channels }, (_, e) => e);
  const side = (e: number) => [h, ...selected].flatMap((x) => channelOf(x, e, size.states));
  return channels.flatMap((e) => matVec(merge, side(e)));
}

/**
 * Fusion by cross-attention: h'[e] = h[e] + Σ_i a_i h''^{l-i}[e], a = softmax_i((W_q h[e])·(W_k h''^{l-i}[e]) / √N), in every
 * channel e: the layer's own state asks, the shallow ones answer. Evidence [N, R] that there is such an alternative; its form is
 * our choice: the state's own term stays, so that closed gates leave h.
 * Shapes: h [w], selected [j][w], query and key [n, n], result [w].
 */
export function fuseByAttention(
  h: Vector,
  selected: readonly Vector[],
  query: Matrix,
  key: Matrix,
  { channels, states }: StateSize,
): Vector {
  const answers = Array.from({ length: channels }, (_, e) => {
    const values = selected.map((x) => channelOf(x, e, states));
    const q = matVec(query, channelOf(h, e, states));
    const scores = values.map((value) => dot(q, matVec(key, value)) / Math.sqrt(states));
    return vecMat(softmax(scores), values);
  });
  return add(h, answers.flat());
}

/** Eq. 11 under every reading of Fuse, and the norm over all w numbers where there is one. Shapes: h [w], H [j][w], result [w]. */
export function fuseStates(
  h: Vector,
  dense: readonly Vector[],
  fusion: StateFusion,
  { readings, epsilon }: StateFusionRule,
  size: StateSize,
): Vector {
  const fuse = (): Vector => {
    if (readings.fusion === 'add') return inject(h, dense);
    if (readings.fusion === 'concat') return fuseByConcatenation(h, dense, given(fusion.merge, 'merge'), size);
    return fuseByAttention(h, dense, given(fusion.query, 'query'), given(fusion.key, 'key'), size);
  };
  if (readings.stateNorm === 'none') return fuse();
  return rmsNorm(fuse(), given(fusion.norm, 'norm of the fused state').flat(), epsilon);
}

/** One token's step of a diagonal model: h ↦ decay ⊙ h + drive, both [w]. */
export interface DiagonalStep {
  readonly decay: Vector;
  readonly drive: Vector;
}

/** What a layer's token gives: the state that is read out, the one carried to t + 1, the one passed to deeper layers; [w] each. */
export interface DenseState {
  readonly read: Vector;
  readonly carried: Vector;
  readonly passed: Vector;
}

/**
 * One token of one layer: h = decay ⊙ κ + drive (Eq. 5) from the carried state κ, h' = Fuse(h, H) (Eq. 11). Read out is h'. Carried
 * is h (`carry` raw) or h' (fused); passed is h (`pass` raw) or h' (fused). A layer without sources fuses nothing and norms
 * nothing: all three are h, so that m = 0 is the model without dense connections under every reading.
 * Shapes: carried [w], shallow [l][w] (layer 0 first), x [width].
 */
export function denseState(
  carried: Vector,
  { decay, drive }: DiagonalStep,
  shallow: Matrix,
  x: Vector,
  fusion: StateFusion | undefined,
  rule: StateFusionRule,
  size: StateSize,
): DenseState {
  const h = add(hadamard(decay, carried), drive);
  if (sourceCount(shallow.length, rule.denseLayers) === 0) return { read: h, carried: h, passed: h };
  const weights = given(fusion, 'fusion');
  const fused = fuseStates(h, selectedStates(shallow, x, weights, rule, size), weights, rule, size);
  const { carry, pass } = rule.readings;
  return { read: fused, carried: carry === 'raw' ? h : fused, passed: pass === 'raw' ? h : fused };
}

/** What a layer's sequence gives: states read out and passed, [t][w] each, and the state carried on. */
export interface DenseStates {
  readonly read: Matrix;
  readonly passed: Matrix;
  readonly carried: Vector;
}

/**
 * {@link denseState} token by token; sources are read at the same token.
 * Shapes: h0 [w], steps [t], shallow [l][t][w], x [t][width].
 */
export function denseStates(
  h0: Vector,
  steps: readonly DiagonalStep[],
  shallow: readonly Matrix[],
  x: Matrix,
  fusion: StateFusion | undefined,
  rule: StateFusionRule,
  size: StateSize,
): DenseStates {
  const below = (t: number) => shallow.map((states) => states[t]!);
  let carried = h0;
  const tokens = steps.map((step, t) => {
    const result = denseState(carried, step, below(t), x[t]!, fusion, rule, size);
    carried = result.carried;
    return result;
  });
  return { read: tokens.map(({ read }) => read), passed: tokens.map(({ passed }) => passed), carried };
}

/** A state in a row as [e][n]. */
export function asRows(h: Vector, { channels, states }: StateSize): Matrix {
  return Array.from({ length: channels }, (_, e) => channelOf(h, e, states));
}
