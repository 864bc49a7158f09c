/** @file Fuses states [..., e, n] (Eqs. 10, 11, 15–18) under every reading. spec/state-fusion.ts has the definition. */
import { einsum } from '../../tensor/primitives/einsum.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import type { Value } from '../../tensor/value.ts';
import { collect, type Fusion, type FusionMaps, fuse, weightOf } from '../dense-fusion.ts';
import { linear } from '../linear.ts';
import { rmsNorm } from '../norms.ts';
import type { GateActivation, GateParams } from '../selective-transition.ts';
import type { Carry } from '../ssm/dense.ts';

/** Readings (interpretations of the paper) of the fusion of states. spec/readings.ts has the evidence. */
export interface StateReadings {
  /** State that goes to the next token: before fusion (`raw`) or after it (`fused`). */
  readonly carry: Carry;
  /** State that goes to deeper layers: before fusion or after it. */
  readonly pass: 'raw' | 'fused';
  readonly projection: 'identity' | 'linear';
  /** A linear projection maps the states of each channel, or the channels of each state. */
  readonly projectionWidth: 'state' | 'channel';
  readonly gate: 'shared' | 'perLayer';
  readonly gateActivation: GateActivation;
  /** A gate has a number for each channel, each state, or each channel and state. */
  readonly gateWidth: 'channel' | 'state' | 'full';
  readonly fusion: Fusion;
  /** Norm of the fused state: none, or an RMS norm over all its numbers. */
  readonly stateNorm: 'none' | 'rms';
}

/**
 * Weights of one fusion of states with J sources; e channels, n states, r gate rank. Weights that the readings do not use are
 * absent.
 */
export type StateFusionParams = FusionMaps & {
  /** One shared gate or J gates: down [r, ·], up [e, r], [n, r] or [e·n, r]. */
  readonly gates: readonly GateParams[];
  /** J maps, [n, n] or [e, e]. */
  readonly projections?: readonly Value[] | undefined;
  /** Weight [e, n] of the norm. */
  readonly norm?: Value | undefined;
};

/** Settings of a fusion of states. `path` is the prefix of the sites' names. */
export interface StateFusionRule {
  readonly readings: StateReadings;
  readonly epsilon: number;
  readonly path?: string;
}

/**
 * Selects states of each source: `φ(h_j) = Proj_j(h_j) ⊙ g_j` (Eqs. 10, 15–17). Sources are [b, t, e, n], nearest layer first. `x`
 * [b, t, ·] is the gates' input. Throws when gates or projections do not match the sources.
 * @example
 * const params = { gates: [{ down: tensor([[1]]), up: tensor([[2]]) }] };
 * const readings = { projection: 'identity', gate: 'shared', gateActivation: 'none', gateWidth: 'channel' };
 * read(selectedStates([tensor([[[[5, 7]]]])], tensor([[[0]]]), params, { readings, epsilon: 0 })[0]) // [0, 0]
 */
export function selectedStates(
  sources: readonly Value[],
  x: Value,
  { gates, projections }: StateFusionParams,
  { readings, path = '' }: StateFusionRule,
): Value[] {
  if (sources.length === 0) return [];
  const [b, t, e, n] = sources[0]!.shape as readonly [number, number, number, number];
  const shapes = { channel: [b, t, e, 1], state: [b, t, 1, n], full: [b, t, e, n] };
  return collect(
    sources,
    x,
    { gates, projections },
    { activation: readings.gateActivation, path: `${path}state` },
    {
      over: (g) => reshape(g, shapes[readings.gateWidth]),
      project: (h, map) => {
        if (map === undefined) return h;
        return readings.projectionWidth === 'state' ? linear(h, map) : einsum('btin,oi->bton', h, map);
      },
    },
  );
}

/**
 * Eq. 11: `Fuse(h, H)` of states [..., e, n] by addition (Eq. 18), concatenation or attention, followed by the norm, if any. Throws
 * where a weight that the readings require is absent.
 * @example
 * const readings = { fusion: 'add', stateNorm: 'none' };
 * read(fuseStates(tensor([[3]]), [tensor([[5]])], { gates: [] }, { readings, epsilon: 0 })) // [8]
 */
export function fuseStates(
  h: Value,
  selected: readonly Value[],
  params: StateFusionParams,
  { readings, epsilon }: StateFusionRule,
): Value {
  const fused = fuse(h, selected, params, readings.fusion);
  if (readings.stateNorm === 'none') return fused;
  const [e, n] = h.shape.slice(-2) as [number, number];
  const row = reshape(fused, [...h.shape.slice(0, -2), e * n]);
  return reshape(rmsNorm(row, reshape(weightOf(params, 'norm'), [e * n]), epsilon), h.shape);
}

/** Splits a merge into two maps: [n, n] for the layer's own state, [n, J n] for all sources. */
export function mergeBlocks(params: StateFusionParams): { own: Value; others: Value } {
  const merge = weightOf(params, 'merge');
  const [n, columns] = merge.shape as [number, number];
  return { own: slice(merge, 1, 0, n), others: slice(merge, 1, n, columns) };
}
