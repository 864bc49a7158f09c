/** @file Softmax attention of a batch of sequences. In parallel mode, boundaries and padding are part of the mask. */
import { constantLike, zerosLike } from '../../tensor/operand.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { select } from '../../tensor/primitives/select.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import type { Value } from '../../tensor/value.ts';
import { type AttentionInputs, attentionAxes, extended, type KeyValueCache, scoresOf } from '../attention/inputs.ts';
import { attentionIn } from '../attention/modes.ts';
import { headAxes } from '../check.ts';
import type { Mode } from '../mode.ts';
import { softmax } from '../softmax.ts';
import { alongRows, type Batch, checkRows, checkStates, isToken } from './batch.ts';
import { type BatchResult, cutOut, eachSequence } from './each-sequence.ts';

/**
 * Softmax attention of a batch in the given mode. `inputs` have rows [b, h, t, ·]. Each sequence has its own cache, of any length.
 * Parallel mode computes all sequences together under one mask: a token sees its sequence's cache and its sequence's tokens up to
 * itself. Throws on wrong shapes, factors and modes, and where inputs or states do not fit the batch.
 * @example
 * const [one, zero] = [tensor([[[[1], [1]]]]), tensor([[[[0], [0]]]])];
 * const inputs = { q: one, k: zero, v: tensor([[[[2], [4]]]]), factor: 1 };
 * const empty = emptyCache(inputs);
 * read(batchedAttention({ name: 'parallel' }, packedBatch([0, 1, 2]), inputs, [empty, empty]).output) // [2, 4]
 */
export function batchedAttention(
  mode: Mode,
  batch: Batch,
  inputs: AttentionInputs,
  states: readonly KeyValueCache[],
): BatchResult<KeyValueCache> {
  const attend = attentionIn(mode);
  const { factor, ...sequences } = inputs;
  headAxes('batchedAttention', inputs.q, inputs.k, inputs.v);
  checkRows('batchedAttention', 'q', batch, inputs.q, 2);
  checkStates('batchedAttention', batch, states);
  if (mode.name !== 'parallel') {
    return eachSequence(batch, 2, (one, cache) => attend({ ...one, factor }, cache), sequences, states);
  }
  const after = batch.spans.map((span, n) => {
    const [q, k, v] = [inputs.q, inputs.k, inputs.v].map((x) => cutOut(x, span, 2)) as [Value, Value, Value];
    attentionAxes(`batchedAttention: sequence ${n}`, { q, k, v, factor }, states[n]!);
    return extended(states[n]!, { q, k, v, factor });
  });
  return { output: maskedAttention(batch, inputs, after), states: after };
}

/** Attends from every place of the batch to the keys and values of all sequences, under a mask. Padding gets 0. */
function maskedAttention(batch: Batch, { q, k, v, factor }: AttentionInputs, caches: readonly KeyValueCache[]): Value {
  const { b, h, t, e } = headAxes('batchedAttention', q, k, v);
  const mask = constantLike(q, isToken(batch), alongRows(batch, 4, 2));
  const [queries, own] = [q, k].map((x) => inOneRow(select(mask, x, 0))) as [Value, Value];
  const [keys, values] = [caches.map((cache) => cache.keys), caches.map((cache) => cache.values)].map((parts) =>
    concat(parts, 2),
  ) as [Value, Value];
  if (keys.shape[2] === 0) return zerosLike(v);
  const seen = seenBy(batch, caches);
  const shares = softmax(
    scoresOf(queries, keys, factor),
    constantLike(q, seen, [b * t, keys.shape[2]!]),
    reshape(scale(einsum('bhtd,bhtd->bht', queries, own), factor), [1, h, b * t, 1]),
  );
  const read = einsum('bhts,bhse->bhte', stored(shares, 'score'), values);
  return select(mask, transpose(reshape(read, [h, b, t, e]), [1, 0, 2, 3]), 0);
}

/** Reshapes [b, h, t, d] to [1, h, b·t, d]. */
function inOneRow(x: Value): Value {
  const [b, h, t, d] = x.shape as readonly [number, number, number, number];
  return reshape(transpose(x, [1, 0, 2, 3]), [1, h, b * t, d]);
}

/**
 * Mask [b·t, s] over the concatenated keys of all sequences: 1 where a key belongs to the place's sequence and is no later, else 0.
 * Padding sees the first key, and its output is dropped. A softmax over no keys would be NaN, and its gradient stays NaN after a
 * product with 0.
 */
function seenBy(batch: Batch, caches: readonly KeyValueCache[]): Float64Array {
  const { rows, places, spans } = batch;
  const lengths = caches.map(({ keys }) => keys.shape[2]!);
  const all = lengths.reduce((total, length) => total + length, 0);
  const table = new Float64Array(rows * places * all);
  for (const [i, token] of isToken(batch).entries()) if (token === 0) table[i * all] = 1;
  let first = 0;
  for (const [n, { row, start, length }] of spans.entries()) {
    for (let p = 0; p < length; p++) {
      const at = (row * places + start + p) * all + first;
      table.fill(1, at, at + lengths[n]! - length + p + 1);
    }
    first += lengths[n]!;
  }
  return table;
}
