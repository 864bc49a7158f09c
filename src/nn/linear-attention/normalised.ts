/** @file Linear attention divided by the sum of its weights. */
import { filledLike } from '../../tensor/operand.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { div } from '../../tensor/primitives/div.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import type { Value } from '../../tensor/value.ts';
import { checkShape } from '../check.ts';
import { checkAttention, type LinearAttention, type LinearAttentionInputs } from './inputs.ts';

/** State of normalised linear attention: `state` [b, h, d, e], and the sum of all keys [b, h, d]. */
export type NormalisedState = { readonly state: Value; readonly keySum: Value };

/** ε, added to the divisor. */
export const epsilon = 1e-10;

/**
 * Computes `o_t = q_t S_t / (q_t · Σ_{s≤t} k_s + 10⁻¹⁰)` in the given mode, without a gate. An additional value channel of ones
 * sums the keys. Throws on wrong shapes.
 * @example
 * const [q, v] = [tensor([[[[2], [2]]]]), tensor([[[[4], [6]]]])];
 * const start = { state: tensor([[[[0]]]]), keySum: tensor([[[0]]]) };
 * read(normalisedLinearAttention(recurrentLinearAttention)({ q, k: q, v }, start).output).map(Math.round) // [4, 5]
 */
export const normalisedLinearAttention =
  (attention: LinearAttention) =>
  (
    { q, k, v }: Omit<LinearAttentionInputs, 'gate'>,
    { state, keySum }: NormalisedState,
  ): { output: Value; state: NormalisedState } => {
    checkAttention('normalisedLinearAttention', { q, k, v }, state);
    checkShape('normalisedLinearAttention', 'the key sum', keySum, ['b', 'h', 'd'], state.shape.slice(0, 3));
    const e = v.shape[3]!;
    const ones = filledLike(v, 1, [...v.shape.slice(0, 3), 1]);
    const sums = reshape(keySum, [...keySum.shape, 1]);
    const result = attention({ q, k, v: concat([v, ones], 3) }, concat([state, sums], 3));
    const values = (x: Value): Value => slice(x, 3, 0, e);
    const divisor = (x: Value): Value => slice(x, 3, e, e + 1);
    return {
      output: div(values(result.output), add(divisor(result.output), epsilon)),
      state: { state: values(result.state), keySum: reshape(divisor(result.state), keySum.shape) },
    };
  };
