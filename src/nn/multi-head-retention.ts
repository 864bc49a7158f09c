/** @file Multi-head retention with rotary positions and group norm, shared by RetNet and DenseRetNet. [C] */

import { fail } from '../tensor/errors.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { site } from '../tensor/primitives/site.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import { show } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { checkAxes } from './check.ts';
import { checkMode, type Mode, type Place } from './mode.ts';
import { rmsNorm } from './norms.ts';
import { checkDecay } from './retention/inputs.ts';
import { normalisedRetention, type RetentionNorm } from './retention/normalised.ts';
import { retnetFrequencies, rotate, rotateState } from './rotary.ts';

/**
 * Rotation of keys in the stored state: token p rotates by p, or by p − 1 as in the released generate(). The outputs are equal; the
 * stored states differ.
 */
export type RotationPhase = 'p' | 'p-1';

/** Settings of multi-head retention in one model. */
export interface MultiHeadConfig {
  readonly decay: readonly number[];
  readonly retentionNorm: RetentionNorm;
  readonly rotationPhase: RotationPhase;
  readonly epsilon: number;
}

/**
 * Decays of RetNet's heads: `γ_h = 1 − 2^{−5−h}`, h from 0.
 * @example
 * retnetDecays(2) // [0.96875, 0.984375]
 */
export const retnetDecays = (heads: number): number[] => Array.from({ length: heads }, (_, h) => 1 - 2 ** (-5 - h));

/** Reshapes `x` [b, t, h·d] to [b, h, t, d], head-major. Throws unless `x` has three axes and the heads divide the channels. */
export function splitHeads(x: Value, heads: number, call = 'splitHeads', what = 'x'): Value {
  checkAxes(call, what, x, ['b', 't', 'channels']);
  const [b, t, width] = x.shape as readonly [number, number, number];
  if (width % heads !== 0)
    fail(`${call}: ${heads} heads do not divide the ${width} channels of ${what} ${show(x.shape)}`);
  return transpose(reshape(x, [b, t, heads, width / heads]), [0, 2, 1, 3]);
}

/** Transposes `x` [b, h, t, e] to [b, t, h, e]. */
export const headsLast = (x: Value): Value => transpose(x, [0, 2, 1, 3]);

/**
 * Retention of `q`, `k` [b, t, h·d] and `v` [b, t, h·e] from a state [b, h, d, e], followed by a norm over e in each head (weight
 * [e] or none). Returns the output [b, t, h·e] and the next state. Throws when the heads do not divide the channels, and as {@link
 * normalisedRetention} does.
 * @example
 * const [q, v] = [tensor([[[1, 0]]]), tensor([[[5]]])];
 * const config = { decay: [0.5], retentionNorm: 'none', rotationPhase: 'p', epsilon: 0 };
 * read(multiHeadRetention({ q, k: q, v }, tensor([[[[0], [0]]]]), undefined, config, { name: 'recurrent' }, { position: 0, path: '' }).output) // [1]
 */
export function multiHeadRetention(
  { q, k, v }: { readonly q: Value; readonly k: Value; readonly v: Value },
  state: Value,
  groupNorm: Value | undefined,
  config: MultiHeadConfig,
  mode: Mode,
  place: Place,
): { output: Value; state: Value } {
  const { decay, retentionNorm, rotationPhase, epsilon } = config;
  const { position, path } = place;
  checkMode('multiHeadRetention', mode);
  checkDecay('multiHeadRetention', decay);
  const split = (x: Value, what: string): Value => splitHeads(x, decay.length, 'multiHeadRetention', what);
  const [qs, ks, vs] = [split(q, 'q'), split(k, 'k'), split(v, 'v')];
  const frequencies = retnetFrequencies(qs.shape[3]! / 2);
  // the released code rotates by p − 1 in recurrent mode and by p in the others; the stored state is for recurrent mode
  const behind = rotationPhase === 'p-1' ? 1 : 0;
  const recurrent = mode.name === 'recurrent';
  const first = recurrent ? position - behind : position;
  const turned = (x: Value, name: string): Value =>
    site(rotate(site(x, `${path}${name}`), frequencies, first), `${path}${name}Rotated`);
  const turnState = (s: Value, by: number): Value => (recurrent || behind === 0 ? s : rotateState(s, frequencies, by));

  const inputs = { q: turned(qs, 'q'), k: turned(ks, 'k'), v: vs, decay };
  const result = normalisedRetention(retentionNorm, mode, inputs, turnState(state, behind), place);
  const output = site(headsLast(result.output), `${path}retention`);
  const normed = site(rmsNorm(output, groupNorm, epsilon), `${path}retentionNormed`);
  return { output: reshape(normed, v.shape), state: turnState(result.state, -behind) };
}
