/** @file Wrong attentions, feed-forward networks and Transformers, after bugs that people's have. */
import type { TransformerConfig } from '../../models/transformer.ts';
import { type AttentionInputs, causalMask, extended, type KeyValueCache, scoresOf } from '../../nn/attention/inputs.ts';
import { parallelAttention } from '../../nn/attention/parallel.ts';
import { recurrentAttention } from '../../nn/attention/recurrent.ts';
import { linear } from '../../nn/linear.ts';
import { exponentials, softmax, sumKeep } from '../../nn/softmax.ts';
import { chunks, div } from '../../tensor/ops.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { sigmoid } from '../../tensor/primitives/sigmoid.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import { mapValues } from '../named.ts';
import { type AttentionSettings, attention, type FeedForwardSettings, feedForward } from '../operators/attention.ts';
import type { ModelSettings } from '../operators/language-models.ts';
import { transformerOperator } from '../operators/transformer.ts';
import type { Named } from '../program.ts';
import { misled } from './misled.ts';

/** A fault of attention: what stands before W_o is wrong, the cache that it hands over is right. */
const fault = (
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  run: (inputs: AttentionInputs, cache: KeyValueCache, chunkSize: number) => Value,
): Fault<AttentionSettings> => ({
  operator: attention.name,
  mode,
  name,
  says,
  rejectedBy,
  program: (inputs, { scoreScaling, chunkSize }) => {
    const [q, k, v] = [inputs.q!, inputs.k!, inputs.v!];
    const given = { q, k, v, factor: scoreScaling === 'none' ? 1 : q.shape[3]! ** -0.5 };
    const cache = { keys: inputs.keys!, values: inputs.values! };
    const output = einsum('bhte,hoe->bhto', run(given, cache, chunkSize), inputs['param.output']!);
    return { output, ...extended(cache, given) };
  },
});

/** Scores of a call, and what each of its queries may see where they are counted from token `first`. */
const scored = ({ q, k, v, factor }: AttentionInputs, cache: KeyValueCache, first: number) => {
  const { keys, values } = extended(cache, { q, k, v, factor });
  const scores = scoresOf(q, keys, factor);
  return { scores, values, seen: causalMask(q, first, q.shape[2]!, 0, keys.shape[2]!) };
};

const mixed = (shares: Value, values: Value): Value => einsum('bhts,bhse->bhte', shares, values);

const cached = ({ keys }: KeyValueCache): number => keys.shape[2]!;

const attentions = [
  fault(
    'parallel',
    'scale-forgotten',
    'scores are not divided by √d where they should be',
    ['definition', 'modes', 'derivative'],
    (inputs, cache) => parallelAttention({ ...inputs, factor: 1 }, cache).output,
  ),
  fault('parallel', 'mask-one-ahead', 'a query sees the next token', ['definition', 'causal'], (inputs, cache) => {
    const { scores, values, seen } = scored(inputs, cache, cached(cache) + 1);
    return mixed(softmax(scores, seen), values);
  }),
  fault(
    'parallel',
    'cache-position-off-by-one',
    'after cached tokens a query does not see its own key',
    ['definition', 'modes', 'resumable', 'decoding'],
    (inputs, cache) => {
      const { scores, values, seen } = scored(inputs, cache, Math.max(0, cached(cache) - 1));
      return inputs.q.shape[2] === 0 ? inputs.v : mixed(softmax(scores, seen), values);
    },
  ),
  fault(
    'parallel',
    'softmax-over-queries',
    'shares sum to 1 over the tokens that read, not over those that are read',
    ['definition', 'modes', 'derivative', 'causal'],
    (inputs, cache) => {
      const { scores, values, seen } = scored(inputs, cache, cached(cache));
      const kept = exponentials(scores, scale(scores, 0), seen);
      const swapped = transpose(kept, [0, 1, 3, 2]);
      return mixed(transpose(div(swapped, sumKeep(swapped)), [0, 1, 3, 2]), values);
    },
  ),
  fault(
    'parallel',
    'maximum-not-subtracted',
    'exponentials of large scores overflow, and their shares are NaN',
    ['definition', 'modes'],
    (inputs, cache) => {
      const { scores, values, seen } = scored(inputs, cache, cached(cache));
      const shares = exponentials(scores, scale(scores, 0), seen);
      return mixed(div(shares, sumKeep(shares)), values);
    },
  ),
  fault(
    'recurrent',
    'cache-dropped',
    'a call sees its own tokens only',
    ['definition', 'resumable', 'decoding'],
    (inputs, { keys, values }) =>
      recurrentAttention(inputs, { keys: slice(keys, 2, 0, 0), values: slice(values, 2, 0, 0) }).output,
  ),
  fault(
    'parallel',
    'cache-detached',
    'no gradient reaches the cached keys and values',
    ['modes', 'derivative', 'resumable'],
    (inputs, { keys, values }) =>
      parallelAttention(inputs, { keys: stopGradient(keys), values: stopGradient(values) }).output,
  ),
  fault(
    'chunkwise',
    'chunks-apart',
    'a chunk sees the cache and itself, not the chunks before it',
    ['definition', 'modes', 'chunks'],
    ({ q, k, v, factor }, cache, chunkSize) => {
      const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, 2, chunkSize)) as [Value[], Value[], Value[]];
      const run = (part: Value, i: number) => parallelAttention({ q: part, k: ks[i]!, v: vs[i]!, factor }, cache);
      return concat(
        qs.map((part, i) => run(part, i).output),
        2,
      );
    },
  ),
  misled(
    attention,
    'parallel',
    'heads-share-output',
    "every head goes through the first one's W_o",
    ['definition', 'permutes'],
    (inputs) => {
      const output = inputs['param.output']!;
      return { inputs: { ...inputs, 'param.output': broadcast(slice(output, 0, 0, 1), output.shape) } };
    },
  ),
];

const networks: readonly Fault<FeedForwardSettings>[] = [
  misled(
    feedForward,
    'whole',
    'other-activation',
    'SiLU for GELU, and the other way round',
    ['definition', 'derivative'],
    (_inputs, { activation }) => ({ settings: { activation: activation === 'silu' ? 'gelu' : 'silu' } }),
  ),
  {
    operator: feedForward.name,
    mode: 'tokenwise',
    name: 'gelu-approximated',
    says: 'GELU as x σ(1.702 x)',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings) => {
      if (settings.activation === 'silu') return feedForward.modes.whole!(inputs, settings);
      const hidden = linear(inputs.o!, inputs['param.up']!);
      return { y: linear(mul(hidden, sigmoid(scale(hidden, 1.702))), inputs['param.down']!) };
    },
  },
];

type TransformerSettings = ModelSettings<TransformerConfig>;

const changed = (settings: TransformerSettings, change: Partial<TransformerConfig>) => ({
  settings: { ...settings, config: { ...settings.config, ...change } },
});

const detached = (inputs: Named, isConcerned: (name: string) => boolean) => ({
  inputs: mapValues(inputs, (x, name) => (isConcerned(name) ? stopGradient(x) : x)),
});

const transformers: readonly Fault<TransformerSettings>[] = [
  misled(
    transformerOperator,
    'recurrent',
    'position-restarts',
    'a continued sequence is turned from 0 again',
    ['definition', 'resumable', 'decoding'],
    (_inputs, settings) => ({ settings: { ...settings, position: 0 } }),
  ),
  misled(
    transformerOperator,
    'parallel',
    'position-off-by-one',
    'a continued sequence is turned one position too far',
    ['definition', 'modes', 'resumable'],
    (_inputs, settings) => ({ settings: { ...settings, position: settings.position + Math.sign(settings.position) } }),
  ),
  misled(
    transformerOperator,
    'parallel',
    'other-pairs',
    'halves are turned together for neighbours, and the other way round',
    ['definition', 'modes'],
    (_inputs, settings) =>
      changed(settings, { rotaryPairs: settings.config.rotaryPairs === 'halves' ? 'neighbours' : 'halves' }),
  ),
  misled(
    transformerOperator,
    'chunkwise',
    'scale-forgotten',
    'scores are not divided by √d where they should be',
    ['definition', 'modes', 'chunks', 'derivative'],
    (_inputs, settings) => changed(settings, { scoreScaling: 'none' }),
  ),
  misled(
    transformerOperator,
    'parallel',
    'tied-head-detached',
    'no gradient reaches a tied embedding through the read-out',
    ['modes', 'derivative'],
    (inputs, settings) =>
      settings.config.tiedHead
        ? {
            inputs: { ...inputs, 'param.head': stopGradient(inputs['param.embedding']!) },
            ...changed(settings, { tiedHead: false }),
          }
        : {},
  ),
  misled(
    transformerOperator,
    'parallel',
    'cache-detached',
    'no gradient reaches the cached keys',
    ['modes', 'resumable'],
    (inputs) => detached(inputs, (name) => name.endsWith('.keys')),
  ),
  misled(
    transformerOperator,
    'recurrent',
    'caches-exchanged',
    'a layer goes on from the cache of another',
    ['definition', 'resumable', 'decoding'],
    (inputs, { config }) => ({
      inputs: mapValues(inputs, (x, name) => {
        const [, l, place] = /^state\.(\d+)\.(\w+)$/.exec(name) ?? [];
        return l === undefined ? x : inputs[`state.${config.layers - 1 - Number(l)}.${place}`]!;
      }),
    }),
  ),
];

export const attentionFaults: readonly Fault[] = [...attentions, ...networks, ...transformers];
