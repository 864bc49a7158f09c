/** @file Family fla: kernels of flash-linear-attention in their plain, unoptimised form. */
import { chunkwiseLinearAttention } from '../nn/linear-attention/chunkwise.ts';
import { decaysOf } from '../nn/linear-attention/inputs.ts';
import { normalisedLinearAttention } from '../nn/linear-attention/normalised.ts';
import { leftBy, parallelLinearAttention, weightsOf } from '../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../nn/linear-attention/recurrent.ts';
import { headsLast } from '../nn/multi-head-retention.ts';
import { emptyState } from '../nn/retention/inputs.ts';
import { parallelRetention } from '../nn/retention/parallel.ts';
import { once } from '../tensor/once.ts';
import { zerosLike } from '../tensor/operand.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, type Answers, answer, realIn, type VectorCase } from './case.ts';
import { booleanIn, choiceIn, integerIn, numberIn } from './config.ts';
import { type NamedValues, probedOutputs } from './probed-outputs.ts';

/** The sizes of a case of attention. */
export interface Sizes {
  readonly b: number;
  readonly h: number;
  readonly t: number;
  readonly d: number;
  readonly e: number;
}

/** The sizes that a config names. */
export const sizesIn = (config: VectorCase['config']): Sizes => ({
  b: integerIn(config, 'batch'),
  h: integerIn(config, 'heads'),
  t: integerIn(config, 'seq_len'),
  d: integerIn(config, 'dk'),
  e: integerIn(config, 'dv'),
});

/** The decay of head h in the source, for any number of heads: `γ_h = 1 − 2^(−5−h)`. */
const decayOfHead = (h: number): number => 1 - 2 ** (-5 - h);

/**
 * Kind naive_retention: `o_n = d^(−1/2) Σ_{m≤n} γ_h^(n−m) (q_n·k_m) v_m`, all of it [b, h, t, ·], not rotated and not
 * normalised; the differentiated scalar is `Σ o ∘ probe_o`. Throws on another layout and on shapes unlike the config's.
 */
export const naiveRetention: Adapter = (testCase) => {
  choiceIn(testCase.config, 'layout', ['BHTD']);
  const { b, h, t, d, e } = sizesIn(testCase.config);
  const decay = Array.from({ length: h }, (_, head) => decayOfHead(head));
  const run = ({ q, k, v }: NamedValues): NamedValues => {
    const inputs = { q: scale(q!, d ** -0.5), k: k!, v: v!, decay };
    return { o: parallelRetention(inputs, emptyState(inputs)).output };
  };
  const inputs = { q: [b, h, t, d], k: [b, h, t, d], v: [b, h, t, e] };
  return { tensors: probedOutputs(testCase, { inputs, probes: { o: 'probe_o' }, run }) };
};

/** The inputs of kinds of linear attention: arrays [b, t, h, ·], and a state [b, h, d, e] or none. */
export function attentionInputs({ config }: VectorCase, { b, h, t, d, e }: Sizes): Record<string, Shape> {
  choiceIn(config, 'layout', ['BTHD']);
  return {
    ...{ q: [b, t, h, d], k: [b, t, h, d], v: [b, t, h, e] },
    ...(booleanIn(config, 'initial_state') && { initial_state: [b, h, d, e] }),
  };
}

/** Queries scaled, heads before time, the state zero if none is given. */
function attentionOf(given: NamedValues, factor: number, { b, h, d, e }: Sizes) {
  const [q, k, v] = [given.q!, given.k!, given.v!].map(headsLast) as [Value, Value, Value];
  const gate = given.g && transpose(given.g, [0, 2, 1]);
  const state = given.initial_state ?? zerosLike(q, [b, h, d, e]);
  return { inputs: { q: scale(q, factor), k, v, gate }, state };
}

/**
 * Kind simple_gla: recurrent, which is differentiated, in chunks, and, from an empty state, in parallel. Throws on another layout
 * and on shapes unlike the config's.
 */
export const simpleGla: Adapter = (testCase) => {
  const { config } = testCase;
  const sizes = sizesIn(config);
  const factor = numberIn(config, 'scale');
  const chunkSize = integerIn(config, 'chunk_size');
  const inputs = { ...attentionInputs(testCase, sizes), g: [sizes.b, sizes.t, sizes.h] };
  const run = (given: NamedValues): NamedValues => {
    const { inputs, state } = attentionOf(given, factor, sizes);
    const result = recurrentLinearAttention(inputs, state);
    return { o: headsLast(result.output), final_state: result.state };
  };
  const again = once(() => {
    const given = Object.entries(inputs).map(([name, shape]) => [name, realIn(testCase, `in/${name}`, shape)] as const);
    return attentionOf(Object.fromEntries(given), factor, sizes);
  });
  const chunkwise = once(() => chunkwiseLinearAttention(chunkSize)(again().inputs, again().state));
  const parallel: Answers['tensors'] = {
    'out/o_parallel': () => answer(headsLast(parallelLinearAttention(again().inputs, again().state).output)),
    'out/A_parallel': () => answer(weightsOf(again().inputs, leftBy(decaysOf(again().inputs)))),
  };
  return {
    tensors: {
      ...probedOutputs(testCase, { inputs, probes: { o: 'probe_o', final_state: 'probe_final_state' }, run }),
      'out/o_chunk': () => answer(headsLast(chunkwise().output)),
      'out/final_state_chunk': () => answer(chunkwise().state),
      ...parallel,
    },
  };
};

/**
 * Kind linear_attn: without a gate, and divided by the sum of the weights where the config says so; an initial state adds nothing to
 * that sum. Throws on another layout and on shapes unlike the config's.
 */
export const linearAttention: Adapter = (testCase) => {
  const { config } = testCase;
  const sizes = sizesIn(config);
  const factor = numberIn(config, 'scale');
  const { b, h, d } = sizes;
  const run = (given: NamedValues): NamedValues => {
    const { inputs, state } = attentionOf(given, factor, sizes);
    const result = recurrentLinearAttention(inputs, state);
    return { o: headsLast(result.output), final_state: result.state };
  };
  const normalised = (given: NamedValues): NamedValues => {
    const { inputs, state } = attentionOf(given, factor, sizes);
    const start = { state, keySum: zerosLike(inputs.q, [b, h, d]) };
    const { output, state: left } = normalisedLinearAttention(recurrentLinearAttention)(inputs, start);
    return { o: headsLast(output), final_state: left.state, final_k_sum: reshape(left.keySum, [b, 1, h, d]) };
  };
  const isNormalised = booleanIn(config, 'normalize');
  const probes = { o: 'probe_o', final_state: 'probe_final_state' };
  return {
    tensors: probedOutputs(testCase, {
      inputs: attentionInputs(testCase, sizes),
      probes: isNormalised ? { ...probes, final_k_sum: 'probe_final_k_sum' } : probes,
      run: isNormalised ? normalised : run,
    }),
  };
};
