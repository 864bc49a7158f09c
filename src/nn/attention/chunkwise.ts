/** @file Softmax attention in chunkwise mode: queries and keys in chunks, with an online softmax. */
import { zerosLike } from '../../tensor/operand.ts';
import { chunks, sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { div } from '../../tensor/primitives/div.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { maximum } from '../../tensor/primitives/maximum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { exponentials, largestSeen, sumKeep } from '../softmax.ts';
import { type Attention, attentionAxes, causalMask, extended, type KeyValueCache, scoresOf } from './inputs.ts';

/**
 * Softmax attention over chunks of `chunkSize` queries and keys; the last chunks may be shorter. The online softmax keeps a running
 * maximum m, sum l and weighted sum y. When the maximum grows to m', it multiplies l and y by `e^{m − m'}`. The output is y / l.
 * Throws unless the chunk size is an integer ≥ 1, and on wrong shapes and factors.
 * @example
 * const [one, zero] = [tensor([[[[1], [1]]]]), tensor([[[[0], [0]]]])];
 * const inputs = { q: one, k: zero, v: tensor([[[[2], [4]]]]), factor: 1 };
 * read(chunkwiseAttention(1)(inputs, emptyCache(inputs)).output) // [2, 3]
 */
export const chunkwiseAttention =
  (chunkSize: number): Attention =>
  (inputs, state) => {
    const { s } = attentionAxes('chunkwiseAttention', inputs, state);
    const next = extended(state, inputs);
    const outputs = chunks(inputs.q, 2, chunkSize).map((q, i) =>
      attendInChunks(chunkSize, q, s + i * chunkSize, inputs.factor, next),
    );
    return { output: outputs.length === 0 ? zerosLike(inputs.v) : concat(outputs, 2), state: next };
  };

/** State of the online softmax: largest score and sum of exponentials [b, h, t, 1], weighted sum of values [b, h, t, e]. */
interface OnlineSoftmax {
  readonly largest: Value;
  readonly total: Value;
  readonly weighted: Value;
}

/** Attends from queries [b, h, t, d] to a cache, chunk by chunk. Query 0 is token `first`. Keys after the last query are not read. */
function attendInChunks(chunkSize: number, q: Value, first: number, factor: number, cache: KeyValueCache): Value {
  const t = q.shape[2]!;
  const [keys, values] = [cache.keys, cache.values].map((x) => chunks(slice(x, 2, 0, first + t), 2, chunkSize)) as [
    Value[],
    Value[],
  ];
  let softmax: OnlineSoftmax | null = null;
  for (const [i, k] of keys.entries()) {
    const scores = scoresOf(q, k, factor);
    const [key, s] = [i * chunkSize, k.shape[2]!];
    const seen = key + s - 1 <= first ? undefined : causalMask(q, first, t, key, s);
    softmax = withChunk(softmax, scores, values[i]!, seen);
  }
  return div(softmax!.weighted, softmax!.total);
}

/** Updates the online softmax with a chunk of keys. The first chunk contains token 0, which every query sees. */
function withChunk(before: OnlineSoftmax | null, scores: Value, values: Value, seen: Value | undefined): OnlineSoftmax {
  const reached = largestSeen(scores, before?.largest ?? slice(scores, 3, 0, 1), seen);
  const largest = before === null ? reached : maximum(before.largest, reached);
  const weights = exponentials(scores, largest, seen);
  const [total, weighted] = [sumKeep(weights), einsum('bhts,bhse->bhte', stored(weights, 'score'), values)];
  if (before === null) return { largest, total, weighted };
  const rescale = exp(sub(before.largest, largest));
  return {
    largest,
    total: add(mul(before.total, rescale), total),
    weighted: add(mul(before.weighted, rescale), weighted),
  };
}
