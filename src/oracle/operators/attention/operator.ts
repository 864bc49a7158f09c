/** @file Declares softmax attention (Eq. 1), with a W_o for each head. */
import * as fc from 'fast-check';
import { attention as definition, extendCache } from '../../../../spec/01-attention.ts';
import { chunkwiseAttention } from '../../../nn/attention/chunkwise.ts';
import type { Attention, AttentionInputs, KeyValueCache } from '../../../nn/attention/inputs.ts';
import { attentionIn } from '../../../nn/attention/modes.ts';
import { batchedAttention } from '../../../nn/batches/attention.ts';
import type { Batch } from '../../../nn/batches/batch.ts';
import type { ScoreScaling } from '../../../nn/multi-head-attention.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import type { Value } from '../../../tensor/value.ts';
import { ownOf, statesByName } from '../../batchable.ts';
import { type BatchProgramOf, defineOperator } from '../../define-operator.ts';
import { among, axis, axisFrom, chunkDraws, chunkSizeOf, lengths } from '../../draw.ts';
import { attentionByLogSumExp } from '../../forms/stored-log-sum-exp.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf } from '../../operator.ts';
import { over } from '../../over.ts';
import type { Named } from '../../program.ts';
import { inEveryMode, modeOf } from '../shared/modes.ts';
import { definedQueries, type QueryScale, scaledQueries, withQueryScale } from '../shared/query-scale.ts';

/** The signature of attention. The state is the cache of s keys and values. */
export const attentionSignature =
  'q bhtd, k bhtd, v bhte, keys bhsd, values bhse, param.output hoe -> output bhto, keys bh(s+t)d, values bh(s+t)e';

/** Settings of attention: whether scores are divided by √d, the chunk size of chunkwise mode, and the factor of the queries. */
export type AttentionSettings = { readonly scoreScaling: ScoreScaling; readonly chunkSize: number } & QueryScale;

/** A program of attention. */
export type AttentionProgram = ProgramOf<typeof attentionSignature, AttentionSettings>;

/** Scales queries, and adds the factor of the scores. */
export const scaled = (
  { q, k, v }: Omit<AttentionInputs, 'factor'>,
  { scoreScaling, scale }: AttentionSettings,
): AttentionInputs => ({
  ...scaledQueries({ q, k, v }, { scale }),
  factor: scoreScaling === 'none' ? 1 : q.shape[3]! ** -0.5,
});

/** Applies to each head its own W_o [h, o, e]. A layer adds the heads' results, which is one linear map. */
export const throughOutput = (read: Value, output: Value): Value => einsum('bhte,hoe->bhto', read, output);

/** Makes the program of an attention. It may depend on the chunk size. */
const attending =
  (attentionOf: (chunkSize: number) => Attention): AttentionProgram =>
  ({ keys, values, 'param.output': w, ...inputs }, settings) => {
    const { output, state } = attentionOf(settings.chunkSize)(scaled(inputs, settings), { keys, values });
    return { output: throughOutput(output, w), ...state };
  };

/** The caches of a batch's sequences. */
export const cachesOf = (inputs: Named, { spans }: Batch): KeyValueCache[] =>
  spans.map((_, i) => ownOf(inputs, i) as KeyValueCache);

/** Attention, Eq. 1. The cache holds the given keys, without rotary positions. */
export const attention = defineOperator({
  name: 'attention',
  equations: [1],
  signature: attentionSignature,
  optIn: ['scale'],
  layouts: (size) =>
    withQueryScale(
      size,
      fc
        .record({
          b: axis(size, 'b', 3),
          h: axis(size, 'h', 3),
          t: lengths(size),
          d: axis(size, 'd', 5),
          e: axis(size, 'e', 5),
          o: axis(size, 'o', 4),
          s: axisFrom(size, 's', 0, 1, 2, 5),
          chunk: chunkDraws,
          scoreScaling: among<ScoreScaling>(size, 'scoreScaling', 'none', 'rootKeyWidth'),
        })
        .map(({ chunk, scoreScaling, ...letters }) =>
          layoutOf(attentionSignature, {
            lengths: letters,
            settings: { scoreScaling, chunkSize: chunkSizeOf(chunk, letters.t) },
          }),
        ),
    ),
  definition: over(
    'bh',
    attentionSignature,
    ({ q, k, v, 'param.output': output, ...cache }, { scoreScaling, scale }: AttentionSettings) => ({
      output: definition(definedQueries(q, { scale }), k, v, output, scoreScaling, cache),
      ...extendCache(cache, k, v),
    }),
  ),
  modes: inEveryMode((name) => attending((chunkSize) => attentionIn(modeOf(name, chunkSize)))),
  says: inEveryMode((name) => (name === 'chunkwise' ? 'online softmax over chunks' : 'softmax over all keys')),
  forms: inEveryMode(() => ({
    storedLogSumExp: {
      says: 'softmax with a stored log-sum-exp in the backward pass: P = exp(s − lse), dS = P ⊙ (dP − D)',
      program: attending(() => attentionByLogSumExp),
    },
    onlineSoftmax: {
      ofPairs: true,
      says: 'online softmax, key by key',
      program: attending(() => chunkwiseAttention(1)),
    },
  })),
  taps: { parallel: { weights: 'bht(s+t)' }, recurrent: { weights: 'bht(s+t)' } },
  reference: 'recurrent',
  laws: { heads: 'h', linearIn: ['v', 'values'], linearOutputs: ['output', 'values'] },
  together: inEveryMode(
    (name): BatchProgramOf<typeof attentionSignature, AttentionSettings> =>
      (inputs, settings) => {
        const { batch, chunkSize } = settings;
        const mode = modeOf(name, chunkSize);
        const { output, states } = batchedAttention(mode, batch, scaled(inputs, settings), cachesOf(inputs, batch));
        return { output: throughOutput(output, inputs['param.output']), ...statesByName(states) };
      },
  ),
});
