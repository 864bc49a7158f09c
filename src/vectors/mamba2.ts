/** @file Family mamba2: state space duality in the minimal block form of its source. */
import { chunkwiseLinearAttention } from '../nn/linear-attention/chunkwise.ts';
import { headsLast } from '../nn/multi-head-retention.ts';
import { stateSpaceDuality } from '../nn/state-space-duality.ts';
import { zerosLike } from '../tensor/operand.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Value } from '../tensor/value.ts';
import type { Adapter } from './case.ts';
import { booleanIn, integerIn, numbersIn } from './config.ts';
import { type NamedValues, probedOutputs } from './probed-outputs.ts';

/**
 * Kind ssd_minimal: the block form with the case's first block length; gradients are of Σ Y ∘ probe_Y + Σ final_state ∘ probe_state.
 * Throws on sizes that make no sequence, on missing and misshaped tensors.
 */
export const stateSpaceDualityCase: Adapter = (testCase) => {
  const { config } = testCase;
  const [b, t, h] = [integerIn(config, 'batch'), integerIn(config, 'seq_len'), integerIn(config, 'n_heads')];
  const [e, n] = [integerIn(config, 'd_head'), integerIn(config, 'd_state')];
  const mode = stateSpaceDuality(chunkwiseLinearAttention(numbersIn(config, 'block_len')[0] ?? t));
  const continues = booleanIn(config, 'initial_states');
  const inputs = {
    ...{ X: [b, t, h, e], A: [b, t, h], B: [b, t, h, n], C: [b, t, h, n] },
    ...(continues && { initial_states: [b, 1, h, e, n] }),
  };
  const run = ({ X, A, B, C, initial_states: initial }: NamedValues): NamedValues => {
    const [x, keys, queries] = [X!, B!, C!].map(headsLast) as [Value, Value, Value];
    const shape = [b, h, e, n];
    const state = initial === undefined ? zerosLike(x, shape) : reshape(initial, shape);
    const result = mode({ x, gate: transpose(A!, [0, 2, 1]), b: keys, c: queries }, state);
    return { Y: headsLast(result.output), final_state: result.state };
  };
  return { tensors: probedOutputs(testCase, { inputs, probes: { Y: 'probe_Y', final_state: 'probe_state' }, run }) };
};
