/** @file Dense hidden connection (Eqs. 10, 11, 18, 21–24): fuses a layer's features with those of the layers before it. */
import { fail } from '../tensor/errors.ts';
import { stack } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { site } from '../tensor/primitives/site.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { sum } from '../tensor/primitives/sum.ts';
import type { Value } from '../tensor/value.ts';
import { linear } from './linear.ts';
import { rmsNorm } from './norms.ts';
import {
  type GateActivation,
  type GateParams,
  gateLogits,
  gateOutput,
  project,
  select,
} from './selective-transition.ts';
import { softmax } from './softmax.ts';

/** Function that fuses a feature with the selected features. spec/18-dense-fusion.ts defines each. */
export type Fusion = 'add' | 'concat' | 'attention';

/** Weights of a fusion of features [..., w] with J sources. Weights that the chosen fusion does not use are absent. */
export type FusionMaps = {
  /** Map [w, (J + 1) w] of concatenation. */
  readonly merge?: Value | undefined;
  /** Query map [w, w] of attention. */
  readonly query?: Value | undefined;
  /** Key map [w, w] of attention. */
  readonly key?: Value | undefined;
};

/**
 * Weights of one fusion with J sources. Gates are one shared gate or J. Projections are J maps [w, w] or none. `norm`
 * [w] is the weight of the norm after the fusion, or none. Fusions other than addition also have maps. With J = 0 there are no
 * weights.
 */
export type FusionParams = FusionMaps & {
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

/**
 * Fuses features h [..., w] with the selected ones (Eqs. 11, 23, 24). Addition: `h + Σ_j h''_j` (Eq. 18). Concatenation: `W [h;
 * h''_1; …]`. Attention: `h + Σ_j a_j h''_j` with `a = softmax_j((W_q h) · (W_k h''_j) / √w)`. Without sources the result is h.
 * Throws where a weight is absent.
 * @example
 * read(fuse(tensor([1]), [tensor([2])], { merge: tensor([[3, 5]]) }, 'concat')) // [13]
 */
export function fuse(h: Value, selected: readonly Value[], maps: FusionMaps, fusion: Fusion): Value {
  if (selected.length === 0) return h;
  switch (fusion) {
    case 'add':
      return fuseByAddition(h, selected);
    case 'concat':
      return linear(concat([h, ...selected], h.shape.length - 1), weightOf(maps, 'merge'));
    case 'attention': {
      const [query, key] = [weightOf(maps, 'query'), weightOf(maps, 'key')];
      // the softmax over one source is 1
      return selected.length === 1 ? fuseByAddition(h, selected) : attended(h, selected, query, key);
    }
  }
}

function attended(h: Value, selected: readonly Value[], query: Value, key: Value): Value {
  const q = scale(linear(h, query), h.shape.at(-1)! ** -0.5);
  const scores = selected.map((source) => sum(mul(q, linear(source, key)), [-1]));
  const shares = softmax(stack(scores, -1));
  const share = (j: number): Value => slice(shares, -1, j, j + 1);
  return selected.reduce((total, source, j) => add(total, mul(share(j), source)), h);
}

/** Returns a weight that the readings require. Throws where it is absent. */
export const weightOf = <N extends string>(params: { readonly [name in N]?: Value | undefined }, name: N): Value =>
  params[name] ?? fail(`denseFusion: the readings ask for the weight ${name}, which is absent; give it or change them`);

/**
 * Settings of a fusion: activation of the gates, fusion (addition unless given), ε of the norm. `path` is the prefix of the sites'
 * names.
 */
export interface FusionRule {
  readonly activation: GateActivation;
  readonly fusion?: Fusion;
  readonly epsilon: number;
  readonly path?: string;
}

/** Functions that apply gates and projections to features. States need others, because they have two axes. */
export interface Selection {
  /** Applies Eq. 15, with a linear map or without. */
  readonly project: (h: Value, map: Value | undefined) => Value;
  /** Reshapes a gate's numbers to broadcast against the features. */
  readonly over: (g: Value) => Value;
}

/** Selection of features [..., w]. */
const ofFeatures: Selection = { project, over: (g) => g };

/**
 * Selects features of each source (Eqs. 10, 21, 22): `[φ(h_1); φ(h_2); …]` with `φ(h_j) = Proj_j(h_j) ⊙ g_j` (Eqs. 15–17). `sources`
 * are [..., w], nearest layer first. The gates read only `x` [..., i], the current layer's input. Throws when gates or
 * projections do not match the sources.
 * @example
 * const gates = [{ down: tensor([[1]]), up: tensor([[0]]) }];
 * read(collect([tensor([5])], tensor([1]), { gates }, { activation: 'silu' })[0]) // [0]
 */
export function collect(
  sources: readonly Value[],
  x: Value,
  { gates = [], projections }: FusionParams,
  { activation, path = '' }: Pick<FusionRule, 'activation' | 'path'>,
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
 * Fuses features with those of the sources (Eqs. 11, 23, 24): `Fuse(h, [φ(h_1); …])`, then the norm, if any. `h` and `sources` are
 * [..., w], nearest layer first. Throws when gates or projections do not match the sources, or a weight of the fusion is
 * absent.
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
  const selected = collect(sources, x, params, rule);
  const fused = site(fuse(h, selected, params, rule.fusion ?? 'add'), `${rule.path ?? ''}Fused`);
  return params.norm === undefined ? fused : rmsNorm(fused, params.norm, rule.epsilon);
}
