/** @file Dense hidden connection by addition (Eqs. 18, 21–24): a layer's features joined by those of the layers before it. */
import { fail } from '../tensor/errors.ts';
import { add } from '../tensor/primitives/add.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Value } from '../tensor/value.ts';
import { rmsNorm } from './norms.ts';
import {
  type GateActivation,
  type GateParams,
  gateLogits,
  gateOutput,
  project,
  select,
} from './selective-transition.ts';

/**
 * Weights of one fusion with J sources: one gate shared by the sources or one each; a projection [width, width] each, or none;
 * the weight [width] of the norm after it, or none. With J = 0 there are none.
 */
export type FusionParams = {
  readonly gates?: readonly GateParams[] | undefined;
  readonly projections?: readonly Value[] | undefined;
  readonly norm?: Value | undefined;
};

/**
 * Eq. 18: `Fuse(h, H) = h + Σ_i h''_i`.
 * @example
 * read(fuseByAddition(tensor([1]), [tensor([2]), tensor([4])])) // [7]
 */
export const fuseByAddition = (h: Value, selected: readonly Value[]): Value => selected.reduce(add, h);

/** How features are let in and normed; `path` names the sites. */
export interface FusionRule {
  readonly activation: GateActivation;
  readonly epsilon: number;
  readonly path?: string;
}

/** What gates and projections are to what is fused, where it is no single axis of channels. */
export interface Selection {
  /** Eq. 15 with a map, or without one. */
  readonly project: (h: Value, map: Value | undefined) => Value;
  /** A gate's numbers as they broadcast against what they select. */
  readonly over: (g: Value) => Value;
}

/** Features [..., width]. */
const ofFeatures: Selection = { project, over: (g) => g };

/**
 * Eqs. 21 and 22: `[φ(h_1); φ(h_2); …]`, `φ(h_j) = Proj_j(h_j) ⊙ g_j` (Eqs. 15–17). `sources` [..., width], nearest layer first;
 * `x` [..., d] is the current layer's input, which alone opens the gates. Throws when gates or projections do not match the sources.
 * @example
 * const gates = [{ down: tensor([[1]]), up: tensor([[0]]) }];
 * read(collect([tensor([5])], tensor([1]), { gates }, { activation: 'silu' })[0]) // [0]
 */
export function collect(
  sources: readonly Value[],
  x: Value,
  { gates = [], projections }: FusionParams,
  { activation, path = '' }: Omit<FusionRule, 'epsilon'>,
  selection = ofFeatures,
): Value[] {
  const count = sources.length;
  if (count > 0 && gates.length !== 1 && gates.length !== count) {
    fail(`denseFusion: ${gates.length} gates for ${count} sources; give one shared gate or one for each source`);
  }
  if (projections !== undefined && projections.length !== count) {
    fail(`denseFusion: ${projections.length} projections for ${count} sources; give one for each source, or none`);
  }
  const opened = (count === 0 ? [] : gates).map((g) =>
    selection.over(gateOutput(site(gateLogits(x, g), `${path}Gate`), activation)),
  );
  return sources.map((source, j) => select(selection.project(source, projections?.[j]), opened[j] ?? opened[0]!));
}

/**
 * Eqs. 23 and 24: `h + Σ_j φ(h_j)`, then the norm if there is one. `h` and `sources` are [..., width], nearest layer first.
 * Throws when gates or projections do not match the sources.
 * @example
 * const gates = [{ down: tensor([[1]]), up: tensor([[0]]) }];
 * read(denseFusion(tensor([3]), [tensor([5])], tensor([1]), { gates }, { activation: 'silu', epsilon: 0 })) // [3]
 */
export function denseFusion(
  h: Value,
  sources: readonly Value[],
  x: Value,
  params: FusionParams,
  rule: FusionRule,
): Value {
  const fused = site(fuseByAddition(h, collect(sources, x, params, rule)), `${rule.path ?? ''}Fused`);
  return params.norm === undefined ? fused : rmsNorm(fused, params.norm, rule.epsilon);
}
