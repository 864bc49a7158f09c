/** @file Types of inputs, state and result that the modes of softmax attention share, and checks of their shapes. */
import { described } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { constantLike, zerosLike } from '../../tensor/operand.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { checkAxes, headAxes } from '../check.ts';

/** Queries and keys [b, h, t, d], values [b, h, t, e], and the factor of the scores: 1 in Eq. 1, often `d^{−1/2}`. */
export interface AttentionInputs {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly factor: number;
}

/** Key-value cache: keys [b, h, s, d] and values [b, h, s, e] of the s tokens so far. It grows with every token. */
export type KeyValueCache = { readonly keys: Value; readonly values: Value };

/** Outputs [b, h, t, e], and the cache with the t new tokens appended. */
export interface AttentionResult {
  readonly output: Value;
  readonly state: KeyValueCache;
}

/** Softmax attention in one mode. All modes compute the same function, in different orders. */
export type Attention = (inputs: AttentionInputs, state: KeyValueCache) => AttentionResult;

/** Lengths of the axes of attention; s is the number of cached tokens. */
export interface AttentionAxes {
  readonly t: number;
  readonly s: number;
}

/** Checks shapes, cache and factor, and returns the lengths of the axes. Errors name the call, both shapes and the remedy. */
export function attentionAxes(call: string, { q, k, v, factor }: AttentionInputs, state: KeyValueCache): AttentionAxes {
  const { b, h, t, d, e } = headAxes(call, q, k, v);
  if (typeof factor !== 'number' || !Number.isFinite(factor)) {
    fail(`${call}: the factor is ${described(factor)}; scores are multiplied by a finite number, 1 for none`);
  }
  if (typeof state !== 'object' || state === null) {
    fail(`${call}: the state is ${described(state)}; it is a cache of keys and values, at first emptyCache(inputs)`);
  }
  checkAxes(call, 'the cached keys', state.keys, ['b', 'h', 's', 'd']);
  checkAxes(call, 'the cached values', state.values, ['b', 'h', 's', 'e']);
  const s = state.keys.shape[2]!;
  if (!sameShape(state.keys.shape, [b, h, s, d]) || !sameShape(state.values.shape, [b, h, s, e])) {
    fail(
      `${call}: cached keys ${show(state.keys.shape)} and values ${show(state.values.shape)} do not go with q ${show(q.shape)} and v ${show(v.shape)}; they are [b, h, s, d] and [b, h, s, e]`,
    );
  }
  return { t, s };
}

/**
 * Cache before the first token: keys [b, h, 0, d], values [b, h, 0, e]. Throws unless q and v have four axes.
 * @example
 * emptyCache({ q: tensor([[[[1, 2]]]]), v: tensor([[[[1, 2, 3]]]]) }).values.shape // [1, 1, 0, 3]
 */
export function emptyCache({ q, v }: Pick<AttentionInputs, 'q' | 'v'>): KeyValueCache {
  checkAxes('emptyCache', 'q', q, ['b', 'h', 't', 'd']);
  checkAxes('emptyCache', 'v', v, ['b', 'h', 't', 'e']);
  const [b, h, , d] = q.shape as readonly [number, number, number, number];
  return { keys: zerosLike(q, [b, h, 0, d]), values: zerosLike(q, [b, h, 0, v.shape[3]!]) };
}

/** Appends the tokens of a call to the cache. */
export const extended = ({ keys, values }: KeyValueCache, { k, v }: AttentionInputs): KeyValueCache => ({
  keys: concat([keys, k], 2),
  values: concat([values, v], 2),
});

/** Scores `factor · q_t · k_s`, [b, h, t, s]. */
export const scoresOf = (q: Value, keys: Value, factor: number): Value =>
  scale(einsum('bhtd,bhsd->bhts', q, keys), factor);

/**
 * Causal mask [t, s]: 1 where a key is no later than the query, else 0. Query 0 is token `query` and key 0 is token `key`, both
 * counted from the first cached token.
 */
export function causalMask(x: Value, query: number, t: number, key: number, s: number): Value {
  const mask = Float64Array.from({ length: t * s }, (_, i) => (key + (i % s) <= query + Math.floor(i / s) ? 1 : 0));
  return constantLike(x, mask, [t, s]);
}
