/**
 * @file The fusion of states of diagonal state space models under every reading: Eqs. 10, 11, 15-18.
 * All functions are for one token. A state [e][n] is stored as one row: entry e·N + n of w = E·N. The equations are those of the paper
 * [N, F, R]. The shapes of gates, projections and norms are our choice, and so are the formulas of concatenation and cross-attention.
 */
import { collect, sourceCount } from './10-dense-hidden.ts';
import { type GateWeights, gate, type Projection } from './15-selective-transition.ts';
import { type FusionMaps, fuse } from './18-dense-fusion.ts';
import { given, type Matrix, matrix, type Vector, vector } from './notation.ts';
import type { Reading } from './readings.ts';
import { rmsNorm } from './rms-norm.ts';

/** The readings of the fusion of states. The network chooses the input of the gates. */
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

/** Settings of fusion: m, ε and the readings. */
export interface StateFusionRule {
  /** m */
  readonly denseLayers: number;
  readonly epsilon: number;
  readonly readings: StateReadings;
}

/** The parameters of one layer's fusion of states, with J = min(l, m) sources, nearest layer first. Absent if J = 0. */
export interface StateFusion extends FusionMaps {
  /** One gate if all sources share it, J if each source has its own. `up` has E, N or E·N rows, depending on `gateWidth`. */
  readonly gates: readonly GateWeights[];
  /** J maps [n, n] or [e, e], depending on `projectionWidth`. Present if the projection is linear. */
  readonly projections?: readonly Matrix[];
  /** [e][n]. Present if the reading `stateNorm` has a norm. */
  readonly norm?: Matrix;
}

/** The size of a state: E channels with N states each. */
export interface StateSize {
  readonly channels: number;
  readonly states: number;
}

/** The fusion of a layer: its parameters (absent without sources), the settings, and the size of its states. */
export interface StateConnection {
  readonly fusion: StateFusion | undefined;
  readonly rule: StateFusionRule;
  readonly size: StateSize;
}

/** Broadcasts a gate over a state. The gate has a number per channel (for its N states), per state (for all E channels), or per entry. */
export function gateOver(g: Vector, width: Reading<'gateWidth'>, { channels, states }: StateSize): Vector {
  return vector(channels * states, (i) => {
    if (width === 'channel') return g[Math.floor(i / states)]!;
    return width === 'state' ? g[i % states]! : g[i]!;
  });
}

/** Extends a projection to the whole state. It maps the N states of each channel, or the E channels of each state. Result [w, w]. */
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
 * Eqs. 10 and 15-17 for states: H_t^l = [φ(h_t^{l-1}); …; φ(h_t^{l-m})]. All gates use x of the current layer.
 * Shapes: shallow [l][w] (layer 0 first), x [i], result [j][w] (nearest layer first).
 */
export function selectedStates(shallow: Matrix, x: Vector, { fusion, rule, size }: StateConnection): readonly Vector[] {
  const { denseLayers, readings } = rule;
  const sources = Array.from({ length: sourceCount(shallow.length, denseLayers) }, (_, i) => i);
  const gates = sources.map((i) => {
    const weights = given(fusion?.gates[readings.gate === 'shared' ? 0 : i], `gate of source ${i + 1}`);
    return gateOver(gate(x, weights, readings.gateActivation), readings.gateWidth, size);
  });
  const projections = sources.map((i): Projection => {
    if (readings.projection === 'identity') return 'identity';
    return projectionOver(given(fusion?.projections?.[i], `projection ${i + 1}`), readings.projectionWidth, size);
  });
  return collect(shallow, denseLayers, projections, gates);
}

/** Slices the N states of channel e from every vector. */
function channelOf(vectors: readonly Vector[], e: number, { states }: StateSize): readonly Vector[] {
  return vectors.map((h) => h.slice(e * states, (e + 1) * states));
}

/** Applies a function to each channel, and concatenates the results. */
function perChannel({ channels }: StateSize, of: (e: number) => Vector): Vector {
  return Array.from({ length: channels }, (_, e) => of(e)).flat();
}

/**
 * Fuse of Eq. 11 under a reading of `fusion`, in every channel, so w of Eq. 18 is N. All channels share one merge or attention: our
 * choice.
 * Shapes: h [w], H [j][w], result [w].
 */
export function fuseBy(h: Vector, dense: readonly Vector[], { fusion, rule, size }: StateConnection): Vector {
  return perChannel(size, (e) => {
    const [own, ...selected] = channelOf([h, ...dense], e, size) as [Vector, ...Vector[]];
    return fuse(own, selected, rule.readings.fusion, fusion ?? {});
  });
}

/** Eq. 11 under every reading, then the norm over all w numbers if `stateNorm` has one. Shapes: h [w], H [j][w], result [w]. */
export function fuseStates(h: Vector, dense: readonly Vector[], connection: StateConnection): Vector {
  const fused = fuseBy(h, dense, connection);
  const { readings, epsilon } = connection.rule;
  if (readings.stateNorm === 'none') return fused;
  return rmsNorm(fused, given(connection.fusion?.norm, 'norm of the fused state').flat(), epsilon);
}
