/** @file Softmax attention in parallel mode (Eq. 1, before W_o). */
import { zerosLike } from '../../tensor/operand.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { softmax } from '../softmax.ts';
import {
  type AttentionInputs,
  type AttentionResult,
  attentionAxes,
  causalMask,
  extended,
  type KeyValueCache,
  scoresOf,
} from './inputs.ts';

/**
 * Computes `y_t = Σ_{i≤t} softmax_i(factor · q_t · k_i) v_i` for all t at once, over the cached tokens and the new ones. Throws on
 * wrong shapes and factors.
 * @example
 * const [one, zero] = [tensor([[[[1], [1]]]]), tensor([[[[0], [0]]]])];
 * const inputs = { q: one, k: zero, v: tensor([[[[2], [4]]]]), factor: 1 };
 * read(parallelAttention(inputs, emptyCache(inputs)).output) // [2, 3]
 */
export function parallelAttention(inputs: AttentionInputs, state: KeyValueCache): AttentionResult {
  const { t, s } = attentionAxes('parallelAttention', inputs, state);
  const { q, v, factor } = inputs;
  const next = extended(state, inputs);
  if (t === 0) return { output: zerosLike(v), state: next };
  const scores = scoresOf(q, next.keys, factor);
  const weights = tapped(stored(softmax(scores, causalMask(q, s, t, 0, s + t)), 'score'), 'weights');
  return { output: einsum('bhts,bhse->bhte', weights, next.values), state: next };
}
