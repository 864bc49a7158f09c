/**
 * @file The fusion of states of diagonal state space models under every reading: Eqs. 10, 11, 15-18.
 * For one token. A state [e][n] is stored as one row: entry e·N + n of w = E·N. The equations are the paper's [N, F, R]; the shapes of
 * gates, projections and norms, and the forms of concatenation and cross-attention, are our choice.
 */
import { collect, sourceCount } from './10-dense-hidden.ts';
import { type GateWeights, gate, type Projection } from './15-selective-transition.ts';
import { type FusionMaps, fuse } from './18-dense-fusion.ts';
import { given, type Matrix, matrix, type Vector, vector } from './notation.ts';
import type { Reading } from './readings.ts';
import { rmsNorm } from './rms-norm.ts';

/** The readings that the fusion of states depends on. The network chooses the gates' input. */
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

/** The rule of fusion: m, ε and the readings. */
export interface StateFusionRule {
  /** m */
  readonly denseLayers: number;
  readonly epsilon: number;
  readonly readings: StateReadings;
}

/** The parameters of one layer's fusion of states. J = min(l, m) sources, nearest layer first; none where J = 0. */
export interface StateFusion extends FusionMaps {
  /** One gate if it is shared, J if each source has its own; `up` has E, N or E·N rows, by gateWidth. */
  readonly gates: readonly GateWeights[];
  /** J maps [n, n] or [e, e], by projectionWidth; present if the projection is linear. */
  readonly projections?: readonly Matrix[];
  /** [e][n]; present if the fused state is normed. */
  readonly norm?: Matrix;
}

/** E and N. */
export interface StateSize {
  readonly channels: number;
  readonly states: number;
}

/** A layer's fusion: its parameters, absent where it has no sources, the rule, and the size of its states. */
export interface StateConnection {
  readonly fusion: StateFusion | undefined;
  readonly rule: StateFusionRule;
  readonly size: StateSize;
}

/** Broadcasts a gate over a state: a number per channel (for its N states), per state (for the E channels), or per entry. */
export function gateOver(g: Vector, width: Reading<'gateWidth'>, { channels, states }: StateSize): Vector {
  return vector(channels * states, (i) => {
    if (width === 'channel') return g[Math.floor(i / states)]!;
    return width === 'state' ? g[i % states]! : g[i]!;
  });
}

/** A projection as a map of the whole state: of the N states in each channel, or of the E channels in each state. Result [w, w]. */
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

/** Channel e's N states of every vector. */
function channelOf(vectors: readonly Vector[], e: number, { states }: StateSize): readonly Vector[] {
  return vectors.map((h) => h.slice(e * states, (e + 1) * states));
}

/** The results of a function of each channel, side by side. */
function perChannel({ channels }: StateSize, of: (e: number) => Vector): Vector {
  return Array.from({ length: channels }, (_, e) => of(e)).flat();
}

/**
 * Fuse of Eq. 11 under a reading of `fusion`, in every channel: w of Eq. 18 is N. All channels share one merge or attention, our choice.
 * Shapes: h [w], H [j][w], result [w].
 */
export function fuseBy(h: Vector, dense: readonly Vector[], { fusion, rule, size }: StateConnection): Vector {
  return perChannel(size, (e) => {
    const [own, ...selected] = channelOf([h, ...dense], e, size) as [Vector, ...Vector[]];
    return fuse(own, selected, rule.readings.fusion, fusion ?? {});
  });
}

/** Eq. 11 under every reading, and the norm over all w numbers if the reading has one. Shapes: h [w], H [j][w], result [w]. */
export function fuseStates(h: Vector, dense: readonly Vector[], connection: StateConnection): Vector {
  const fused = fuseBy(h, dense, connection);
  const { readings, epsilon } = connection.rule;
  if (readings.stateNorm === 'none') return fused;
  return rmsNorm(fused, given(connection.fusion?.norm, 'norm of the fused state').flat(), epsilon);
}
