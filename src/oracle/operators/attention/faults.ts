/** @file Faults of attention, modelled on real bugs: masks, caches, the softmax, boundaries of batches. */
import {
  type AttentionInputs,
  causalMask,
  extended,
  type KeyValueCache,
  scoresOf,
} from '../../../nn/attention/inputs.ts';
import { parallelAttention } from '../../../nn/attention/parallel.ts';
import { recurrentAttention } from '../../../nn/attention/recurrent.ts';
import type { Batch } from '../../../nn/batches/batch.ts';
import { cutOut } from '../../../nn/batches/each-sequence.ts';
import { exponentials, largestSeen, softmax, sumKeep } from '../../../nn/softmax.ts';
import { chunks } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { broadcast } from '../../../tensor/primitives/broadcast.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { div } from '../../../tensor/primitives/div.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { maximum } from '../../../tensor/primitives/maximum.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { transpose } from '../../../tensor/primitives/transpose.ts';
import type { Value } from '../../../tensor/value.ts';
import { batchFaultsOf, zeroed } from '../../batch-faults.ts';
import { statesByName } from '../../batchable.ts';
import type { BatchProgramOf } from '../../define-operator.ts';
import { faultsOf } from '../../fault.ts';
import { withFaultsOfScale } from '../shared/query-scale-faults.ts';
import {
  type AttentionProgram,
  type AttentionSettings,
  attention,
  type attentionSignature,
  cachesOf,
  scaled,
  throughOutput,
} from './operator.ts';

/** Makes a program with a wrong input to W_o, computed by `read`. The cache that it returns is right. */
const reading =
  (read: (inputs: AttentionInputs, cache: KeyValueCache, chunkSize: number) => Value): AttentionProgram =>
  (inputs, settings) => {
    const [given, cache] = [scaled(inputs, settings), { keys: inputs.keys, values: inputs.values }];
    const output = throughOutput(read(given, cache, settings.chunkSize), inputs['param.output']);
    return { output, ...extended(cache, given) };
  };

/** As `reading`, for a batch. */
const readingBatch =
  (
    read: (inputs: AttentionInputs, batch: Batch, caches: readonly KeyValueCache[]) => Value,
  ): BatchProgramOf<typeof attentionSignature, AttentionSettings> =>
  (inputs, settings) => {
    const { batch } = settings;
    const [given, caches] = [scaled(inputs, settings), cachesOf(inputs, batch)];
    const after = batch.spans.map((span, i) => {
      const [k, v] = [cutOut(given.k, span, 2), cutOut(given.v, span, 2)];
      return extended(caches[i]!, { ...given, k, v });
    });
    return { output: throughOutput(read(given, batch, caches), inputs['param.output']), ...statesByName(after) };
  };

/** Computes scores, values, and the causal mask for queries that start at position `first`. */
const scored = (inputs: AttentionInputs, cache: KeyValueCache, first: number) => {
  const { q, factor } = inputs;
  const { keys, values } = extended(cache, inputs);
  const scores = scoresOf(q, keys, factor);
  return { scores, values, seen: causalMask(q, first, q.shape[2]!, 0, keys.shape[2]!) };
};

const mixed = (shares: Value, values: Value): Value => einsum('bhts,bhse->bhte', shares, values);

const cached = ({ keys }: KeyValueCache): number => keys.shape[2]!;

const joined = (caches: readonly KeyValueCache[], axis: number): KeyValueCache => ({
  keys: concat(
    caches.map(({ keys }) => keys),
    axis,
  ),
  values: concat(
    caches.map(({ values }) => values),
    axis,
  ),
});

export const attentionFaults = [
  ...faultsOf(
    attention,
    withFaultsOfScale(attention, [
      {
        mode: 'parallel',
        name: 'scale-forgotten',
        says: 'scores are not divided by √d where they should be',
        rejectedBy: ['definition', 'modes', 'derivative'],
        program: reading((inputs, cache) => parallelAttention({ ...inputs, factor: 1 }, cache).output),
      },
      {
        mode: 'parallel',
        name: 'mask-one-ahead',
        says: 'a query sees the next token',
        rejectedBy: ['definition', 'causal'],
        program: reading((inputs, cache) => {
          const { scores, values, seen } = scored(inputs, cache, cached(cache) + 1);
          return mixed(softmax(scores, seen), values);
        }),
      },
      {
        mode: 'parallel',
        name: 'cache-position-off-by-one',
        says: 'after cached tokens a query does not see its own key',
        rejectedBy: ['definition', 'modes', 'resumable', 'decoding'],
        program: reading((inputs, cache) => {
          const { scores, values, seen } = scored(inputs, cache, Math.max(0, cached(cache) - 1));
          return inputs.q.shape[2] === 0 ? inputs.v : mixed(softmax(scores, seen), values);
        }),
      },
      {
        mode: 'parallel',
        name: 'softmax-over-queries',
        says: 'the softmax sums to 1 over queries, not over keys',
        rejectedBy: ['definition', 'modes', 'derivative', 'causal'],
        program: reading((inputs, cache) => {
          const { scores, values, seen } = scored(inputs, cache, cached(cache));
          const kept = exponentials(scores, scale(scores, 0), seen);
          const swapped = transpose(kept, [0, 1, 3, 2]);
          return mixed(transpose(div(swapped, sumKeep(swapped)), [0, 1, 3, 2]), values);
        }),
      },
      {
        mode: 'parallel',
        name: 'maximum-not-subtracted',
        says: 'exponentials of large scores overflow, and their shares are NaN',
        onlyRounds: true,
        rejectedBy: ['definition', 'modes'],
        program: reading((inputs, cache) => {
          const { scores, values, seen } = scored(inputs, cache, cached(cache));
          const shares = exponentials(scores, scale(scores, 0), seen);
          return mixed(div(shares, sumKeep(shares)), values);
        }),
      },
      {
        mode: 'recurrent',
        name: 'cache-dropped',
        says: 'a call sees its own tokens only',
        rejectedBy: ['definition', 'resumable', 'decoding'],
        program: reading(
          (inputs, { keys, values }) =>
            recurrentAttention(inputs, { keys: slice(keys, 2, 0, 0), values: slice(values, 2, 0, 0) }).output,
        ),
      },
      {
        mode: 'parallel',
        name: 'cache-detached',
        says: 'no gradient reaches the cached keys and values',
        rejectedBy: ['modes', 'derivative', 'resumable'],
        program: reading(
          (inputs, { keys, values }) =>
            parallelAttention(inputs, { keys: stopGradient(keys), values: stopGradient(values) }).output,
        ),
      },
      {
        mode: 'chunkwise',
        name: 'values-not-rescaled',
        says: 'the online softmax rescales the sum of shares where the maximum grows, but not the weighted sum of values',
        rejectedBy: ['definition', 'modes', 'chunks'],
        program: reading((inputs, cache, chunkSize) => {
          const { scores, values, seen } = scored(inputs, cache, cached(cache));
          const [t, parts] = [inputs.q.shape[2]!, chunks(values, 2, chunkSize)];
          if (t === 0) return inputs.v;
          let [largest, weighted]: [Value | null, Value | null] = [null, null];
          for (const [i, own] of parts.entries()) {
            const [key, s] = [i * chunkSize, own.shape[2]!];
            const [part, mask] = [slice(scores, 3, key, key + s), causalMask(inputs.q, cached(cache), t, key, s)];
            const reached = largestSeen(part, largest ?? slice(scores, 3, 0, 1), mask);
            largest = largest === null ? reached : maximum(largest, reached);
            const more = mixed(exponentials(part, largest, mask), own);
            weighted = weighted === null ? more : add(weighted, more);
          }
          return weighted && largest ? div(weighted, sumKeep(exponentials(scores, largest, seen))) : inputs.v;
        }),
      },
      {
        mode: 'chunkwise',
        name: 'chunks-apart',
        says: 'a chunk sees the cache and itself, not the chunks before it',
        rejectedBy: ['definition', 'modes', 'chunks'],
        program: reading(({ q, k, v, factor }, cache, chunkSize) => {
          const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, 2, chunkSize)) as [Value[], Value[], Value[]];
          const run = (part: Value, i: number) => parallelAttention({ q: part, k: ks[i]!, v: vs[i]!, factor }, cache);
          return concat(
            qs.map((part, i) => run(part, i).output),
            2,
          );
        }),
      },
      {
        mode: 'parallel',
        name: 'heads-share-output',
        says: "every head goes through the first one's W_o",
        rejectedBy: ['definition', 'permutes'],
        program: ({ 'param.output': output, ...inputs }, settings, run) =>
          run({ ...inputs, 'param.output': broadcast(slice(output, 0, 0, 1), output.shape) }, settings),
      },
    ]),
  ),
  ...batchFaultsOf(attention, [
    {
      mode: 'parallel',
      name: 'padding-gets-shares',
      says: 'padding has keys and values of 0, but is not masked, so it takes part in the softmax',
      rejectedBy: ['padded'],
      program: readingBatch((inputs, batch, caches) => {
        const [q, k, v] = [inputs.q, inputs.k, inputs.v].map((x) => zeroed(x, batch)) as [Value, Value, Value];
        return parallelAttention({ ...inputs, q, k, v }, joined(caches, 0)).output;
      }),
    },
    {
      mode: 'parallel',
      name: 'boundaries-ignored',
      says: 'in a packed row a token sees the tokens of the sequences before it, and every cache',
      rejectedBy: ['packed'],
      program: readingBatch((inputs, _batch, caches) => parallelAttention(inputs, joined(caches, 2)).output),
    },
  ]),
];
