/** @file Softmax attention in chunkwise mode: queries and keys in chunks, the softmax kept up to date as keys come in. */
import { zerosLike } from '../../tensor/operand.ts';
import { chunks, div, sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { maximum } from '../../tensor/primitives/maximum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import type { Value } from '../../tensor/value.ts';
import { exponentials, largestSeen, sumKeep } from '../softmax.ts';
import { type Attention, attentionAxes, causalMask, extended, type KeyValueCache, scoresOf } from './inputs.ts';

/**
 * Each chunk of `chunkSize` queries reads the keys chunk by chunk (the last ones may be shorter), with a running maximum m, sum l
 * and mixture y, all brought to a new maximum m' by `e^{m − m'}`; the output is y / l. Throws on a chunk size that is not an
 * integer ≥ 1, on wrong shapes and factors.
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
      readInChunks(chunkSize, q, s + i * chunkSize, inputs.factor, next),
    );
    return { output: outputs.length === 0 ? zerosLike(inputs.v) : concat(outputs, 2), state: next };
  };

/** What was read so far: largest score, sum of exponentials, mixture of values, [b, h, t, 1], [b, h, t, 1] and [b, h, t, e]. */
interface Reading {
  readonly largest: Value;
  readonly total: Value;
  readonly mixture: Value;
}

/** What queries [b, h, t, d], the first of them token `first`, read from a cache that reaches as far as the last of them. */
function readInChunks(chunkSize: number, q: Value, first: number, factor: number, cache: KeyValueCache): Value {
  const t = q.shape[2]!;
  const [keys, values] = [cache.keys, cache.values].map((x) => chunks(slice(x, 2, 0, first + t), 2, chunkSize)) as [
    Value[],
    Value[],
  ];
  let read: Reading | null = null;
  for (const [i, k] of keys.entries()) {
    const scores = scoresOf(q, k, factor);
    const [key, s] = [i * chunkSize, k.shape[2]!];
    const seen = key + s - 1 <= first ? undefined : causalMask(q, first, t, key, s);
    read = readChunk(read, scores, values[i]!, seen);
  }
  return div(read!.mixture, read!.total);
}

/** The reading after another chunk of keys. The first chunk has token 0, which every query sees. */
function readChunk(before: Reading | null, scores: Value, values: Value, seen: Value | undefined): Reading {
  const reached = largestSeen(scores, before?.largest ?? slice(scores, 3, 0, 1), seen);
  const largest = before === null ? reached : maximum(before.largest, reached);
  const shares = exponentials(scores, largest, seen);
  const [total, mixture] = [sumKeep(shares), einsum('bhts,bhse->bhte', shares, values)];
  if (before === null) return { largest, total, mixture };
  const fade = exp(sub(before.largest, largest));
  return { largest, total: add(mul(before.total, fade), total), mixture: add(mul(before.mixture, fade), mixture) };
}
