/** @file Softmax attention (Eq. 1) and the feed-forward network (Eq. 2) as operators. */
import * as fc from 'fast-check';
import * as spec from '../../../spec/01-attention.ts';
import { feedForward as feedForwardDefinition } from '../../../spec/02-feed-forward.ts';
import type { Matrix } from '../../../spec/notation.ts';
import type { KeyValueCache } from '../../nn/attention/inputs.ts';
import { attentionIn } from '../../nn/attention/modes.ts';
import { batchedAttention } from '../../nn/batches/attention.ts';
import { type FeedForwardActivation, feedForward as network } from '../../nn/feed-forward.ts';
import type { ScoreScaling } from '../../nn/multi-head-attention.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import type { Value } from '../../tensor/value.ts';
import { batchable, type InBatch, ownOf, statesByName } from '../batchable.ts';
import { fromLists, type Layout, type Lists, type Tensors, toLists } from '../case.ts';
import { chunkDraws, chunkSizeOf, lengths, small } from '../draw.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { type ModeName, modeNames, modeOf } from './shared/modes.ts';
import { perToken, tokenModes } from './tokens.ts';
import { matrixOf, sequenceAxes } from './transition.ts';

/** Settings of attention: whether scores are divided by √d, the chunk size of chunkwise mode. */
export type AttentionSettings = { readonly scoreScaling: ScoreScaling; readonly chunkSize: number };

/** What a program gives to attention, in which mode. */
const callOf = (name: ModeName, inputs: Named, { scoreScaling, chunkSize }: AttentionSettings) => {
  const [q, k, v] = [inputs.q!, inputs.k!, inputs.v!];
  const factor = scoreScaling === 'none' ? 1 : q.shape[3]! ** -0.5;
  return { mode: modeOf(name, chunkSize), inputs: { q, k, v, factor } };
};

/** Each head through its own W_o [h, o, e]: several heads of one layer add up, which a layer does as one linear map. */
const throughOutput = (read: Value, inputs: Named): Value => einsum('bhte,hoe->bhto', read, inputs['param.output']!);

const cacheIn = ({ keys, values }: Named): KeyValueCache => ({ keys: keys!, values: values! });

const program =
  (name: ModeName): Program<AttentionSettings> =>
  (inputs, settings) => {
    const call = callOf(name, inputs, settings);
    const { output, state } = attentionIn(call.mode)(call.inputs, cacheIn(inputs));
    return { output: throughOutput(output, inputs), ...state };
  };

/** The same on a batch. */
const batchProgram =
  (name: ModeName): Program<InBatch<AttentionSettings>> =>
  (inputs, settings) => {
    const { batch } = settings;
    const call = callOf(name, inputs, settings);
    const before = batch.spans.map((_, i) => cacheIn(ownOf(inputs, i)));
    const { output, states } = batchedAttention(call.mode, batch, call.inputs, before);
    return { output: throughOutput(output, inputs), ...statesByName(states) };
  };

function layouts(size: Size): fc.Arbitrary<Layout<AttentionSettings>> {
  const axes = fc.record({
    b: small(3),
    h: small(3),
    t: lengths(size),
    d: small(5),
    e: small(5),
    o: small(4),
    s: fc.constantFrom(0, 1, 2, 5),
    chunk: chunkDraws,
    scoreScaling: fc.constantFrom<ScoreScaling>('none', 'rootKeyWidth'),
  });
  return axes.map(({ b, h, t, d, e, o, s, chunk, scoreScaling }) => ({
    inputs: {
      q: { shape: [b, h, t, d] },
      k: { shape: [b, h, t, d] },
      v: { shape: [b, h, t, e] },
      keys: { shape: [b, h, s, d] },
      values: { shape: [b, h, s, e] },
      'param.output': { shape: [h, o, e] },
    },
    outputs: { output: [b, h, t, o], keys: [b, h, s + t, d], values: [b, h, s + t, e] },
    settings: { scoreScaling, chunkSize: chunkSizeOf(chunk, t) },
  }));
}

/** Eq. 1 for one head, applied to every head of every sequence. */
function define(inputs: Tensors, { scoreScaling }: AttentionSettings): Tensors {
  const [b, h, t, d] = inputs.q!.shape as readonly [number, number, number, number];
  const [s, e, o] = [inputs.keys!.shape[2]!, inputs.v!.shape[3]!, inputs['param.output']!.shape[1]!];
  const lists = (name: string): Lists => toLists(inputs[name]!);
  const heads = Array.from({ length: b }, (_, i) =>
    Array.from({ length: h }, (_, a) => {
      const of = (name: string): Matrix => ((lists(name) as readonly Lists[])[i] as readonly Matrix[])[a]!;
      const output = (lists('param.output') as readonly Matrix[])[a]!;
      const [q, k, v, before] = [of('q'), of('k'), of('v'), { keys: of('keys'), values: of('values') }];
      return { output: spec.attention(q, k, v, output, scoreScaling, before), ...spec.extendCache(before, k, v) };
    }),
  );
  const gather = (name: 'output' | 'keys' | 'values'): Lists => heads.map((row) => row.map((head) => head[name]));
  return {
    output: fromLists(gather('output'), [b, h, t, o]),
    keys: fromLists(gather('keys'), [b, h, s + t, d]),
    values: fromLists(gather('values'), [b, h, s + t, e]),
  };
}

/** Eq. 1. The state is the cache of keys and values, turned by nothing. */
export const attention = batchable<AttentionSettings>(
  {
    ...plain,
    name: 'attention',
    equations: [1],
    layouts,
    definition: define,
    modes: Object.fromEntries(modeNames.map((name) => [name, program(name)])),
    reference: 'recurrent',
    linearIn: ['v', 'values'],
    linearOutputs: ['output', 'values'],
    time: {
      inputs: { q: 2, k: 2, v: 2 },
      outputs: { output: 2 },
      states: { keys: 'keys', values: 'values' },
      grows: { keys: 2, values: 2 },
      after: (settings) => settings,
    },
    axes: {
      batch: { q: 0, k: 0, v: 0, keys: 0, values: 0, output: 0 },
      head: { q: 1, k: 1, v: 1, keys: 1, values: 1, 'param.output': 0, output: 1 },
    },
  },
  Object.fromEntries(modeNames.map((name) => [name, batchProgram(name)])),
);

/** Settings of Eq. 2: σ. */
export type FeedForwardSettings = { readonly activation: FeedForwardActivation };

/** Eq. 2 */
export const feedForward: Operator<FeedForwardSettings> = {
  ...plain,
  ...sequenceAxes(['o'], ['y']),
  reference: 'whole',
  name: 'feedForward',
  equations: [2],
  layouts: (size) =>
    fc
      .record({ b: small(3), t: lengths(size), d: small(5), r: small(4), w: small(6), activation: activations })
      .map(({ b, t, d, r, w, activation }) => ({
        inputs: { o: { shape: [b, t, d] }, 'param.up': { shape: [r, d] }, 'param.down': { shape: [w, r] } },
        outputs: { y: [b, t, w] },
        settings: { activation },
      })),
  definition: (inputs, { activation }) => {
    const weights = { up: matrixOf(inputs['param.up']!), down: matrixOf(inputs['param.down']!) };
    return perToken(inputs, ({ o }) => ({ y: feedForwardDefinition(weights, o!, activation) }));
  },
  modes: tokenModes((inputs, { activation }) => ({
    y: network(inputs.o!, { up: inputs['param.up']!, down: inputs['param.down']! }, activation),
  })),
};

const activations = fc.constantFrom<FeedForwardActivation>('silu', 'gelu');
