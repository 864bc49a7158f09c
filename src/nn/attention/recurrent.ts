/** @file Softmax attention in recurrent mode: one token at a time against the cache. */
import { zerosLike } from '../../tensor/operand.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { softmax } from '../softmax.ts';
import {
  type AttentionInputs,
  type AttentionResult,
  attentionAxes,
  extended,
  type KeyValueCache,
  scoresOf,
} from './inputs.ts';

/**
 * Appends each token to the cache, then attends from its query to the whole cache. This needs no mask. Throws on wrong shapes and
 * factors.
 * @example
 * const [one, zero] = [tensor([[[[1], [1]]]]), tensor([[[[0], [0]]]])];
 * const inputs = { q: one, k: zero, v: tensor([[[[2], [4]]]]), factor: 1 };
 * read(recurrentAttention(inputs, emptyCache(inputs)).output) // [2, 3]
 */
export function recurrentAttention(inputs: AttentionInputs, state: KeyValueCache): AttentionResult {
  const { t } = attentionAxes('recurrentAttention', inputs, state);
  const outputs: Value[] = [];
  let cache = state;
  for (let i = 0; i < t; i++) {
    const [q, k, v] = [inputs.q, inputs.k, inputs.v].map((x) => slice(x, 2, i, i + 1)) as [Value, Value, Value];
    cache = extended(cache, { ...inputs, k, v });
    const weights = tapped(stored(softmax(scoresOf(q, cache.keys, inputs.factor)), 'score'), 'weights');
    outputs.push(einsum('bhts,bhse->bhte', weights, cache.values));
  }
  return { output: t === 0 ? zerosLike(inputs.v) : concat(outputs, 2), state: cache };
}
