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
 * the weight [width] of the norm after it, or none. With J = 0 there are no gates.
 */
export type FusionParams = {
  readonly gates: readonly GateParams[];
  readonly projections?: readonly Value[] | undefined;
  readonly norm?: Value | undefined;
};

/** Eq. 18: `Fuse(h, H) = h + Σ_i h''_i`. */
export const fuseByAddition = (h: Value, selected: readonly Value[]): Value => selected.reduce(add, h);

/**
 * Eqs. 15–18 for one layer's feature: `h + Σ_j Proj_j(h_j) ⊙ g_j`, then the norm if there is one.
 * `h` and `sources` are [..., width], nearest layer first; `x` [..., d] is the current layer's input.
 * Throws when gates or projections do not match the sources.
 */
export function denseFusion(
  h: Value,
  sources: readonly Value[],
  x: Value,
  params: FusionParams,
  { activation, epsilon, path = '' }: { activation: GateActivation; epsilon: number; path?: string },
): Value {
  const { gates, projections, norm } = params;
  const count = sources.length;
  if (count > 0 && gates.length !== 1 && gates.length !== count) {
    fail(`denseFusion: ${gates.length} gates for ${count} sources; give one shared gate or one for each source`);
  }
  if (projections !== undefined && projections.length !== count) {
    fail(`denseFusion: ${projections.length} projections for ${count} sources; give one for each source, or none`);
  }
  const opened = (count === 0 ? [] : gates).map((g) => gateOutput(site(gateLogits(x, g), `${path}Gate`), activation));
  const selected = sources.map((source, j) => select(project(source, projections?.[j]), opened[j] ?? opened[0]!));
  const fused = site(fuseByAddition(h, selected), `${path}Fused`);
  return norm === undefined ? fused : rmsNorm(fused, norm, epsilon);
}
