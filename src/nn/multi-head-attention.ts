/** @file Multi-head softmax attention with rotary positions, for the Transformer. */
import { reshape } from '../tensor/primitives/reshape.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Value } from '../tensor/value.ts';
import type { AttentionResult, KeyValueCache } from './attention/inputs.ts';
import { attentionIn } from './attention/modes.ts';
import type { Mode, Place } from './mode.ts';
import { headsLast, splitHeads } from './multi-head-retention.ts';
import { type RotaryPairs, rotaryFrequencies, rotate } from './rotary.ts';

/** Factor of the scores: none, as Eq. 1 is printed, or `d^{−1/2}` [C]. */
export type ScoreScaling = 'none' | 'rootKeyWidth';

/** Settings of multi-head attention in one model. */
export interface MultiHeadAttentionConfig {
  readonly heads: number;
  readonly scoreScaling: ScoreScaling;
  readonly rotaryBase: number;
  readonly rotaryPairs: RotaryPairs;
}

/**
 * Attention of `q`, `k` [b, t, h·d] and `v` [b, t, h·e] after the tokens of a cache. Returns the output [b, t, h·e] before W_o, and
 * the cache with the new tokens. Rotates queries and keys by their positions; the cache holds rotated keys. Throws on wrong shapes,
 * on an unknown mode, and when the heads do not divide the channels.
 * @example
 * const [q, v] = [tensor([[[1, 0]]]), tensor([[[5]]])];
 * const state = { keys: tensor([[[[0, 0]]]]), values: tensor([[[[7]]]]) };
 * const config = { heads: 1, scoreScaling: 'none', rotaryBase: 10000, rotaryPairs: 'halves' };
 * const zero = tensor([[[0, 0]]]);
 * read(multiHeadAttention({ q, k: zero, v }, state, config, { name: 'parallel' }, { position: 1, path: '' }).output) // [6]
 */
export function multiHeadAttention(
  { q, k, v }: { readonly q: Value; readonly k: Value; readonly v: Value },
  state: KeyValueCache,
  { heads, scoreScaling, rotaryBase, rotaryPairs }: MultiHeadAttentionConfig,
  mode: Mode,
  { position, path }: Place,
): AttentionResult {
  const attend = attentionIn(mode);
  const split = (x: Value, what: string): Value => splitHeads(x, heads, 'multiHeadAttention', what);
  const [qs, ks, vs] = [split(q, 'q'), split(k, 'k'), split(v, 'v')];
  const channels = qs.shape[3]!;
  const frequencies = rotaryFrequencies(channels / 2, rotaryBase);
  const turned = (x: Value, name: string): Value =>
    site(rotate(x, frequencies, position, rotaryPairs), `${path}${name}Rotated`);
  const factor = scoreScaling === 'none' ? 1 : channels ** -0.5;
  const result = attend({ q: turned(qs, 'q'), k: turned(ks, 'k'), v: vs, factor }, state);
  return { output: reshape(site(headsLast(result.output), `${path}attention`), v.shape), state: result.state };
}
