/** @file Linear attention in parallel mode. */
import { at } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { segmentDecays } from '../segment-decays.ts';
import { checkAttention, decaysOf, type LinearAttention, type LinearAttentionInputs, overChannels } from './inputs.ts';

/**
 * Products of decays up to each token: from each earlier token, [b, h, t, s], and from the initial state, [b, h, t]. Both have an axis d
 * more if there is a gate for each key channel, and so have all others.
 */
export interface Left {
  readonly ofTokens: Value;
  readonly ofState: Value;
}

/** A formula for products of decays, from one number per token, such as its decay or its gate. */
export interface DecayFormula {
  /** Returns the number of each token, [b, h, t] or [b, h, t, d]. */
  of(inputs: LinearAttentionInputs): Value;
  /** The number of a token that keeps the whole state. */
  readonly neutral: number;
  /** Computes the products of decays from the numbers of at least one token. */
  left(perToken: Value): Left;
}

/** Computes the products of decays of at least one token. */
export function leftBy(decays: Value): Left {
  const ofTokens = segmentDecays(decays, 2);
  return { ofTokens, ofState: mul(at(ofTokens, 3, 0), slice(decays, 2, 0, 1)) };
}

/** Multiplies the decays themselves. */
export const products: DecayFormula = { of: decaysOf, neutral: 1, left: leftBy };

/** Weights of the values, `Σ_d q_td k_sd Π_{s<i≤t} e^{g_id}` for s ≤ t, else 0, [b, h, t, s]. */
export const weightsOf = ({ q, k }: LinearAttentionInputs, { ofTokens }: Left): Value =>
  tapped(
    stored(
      ofTokens.shape.length === 4
        ? mul(einsum('bhtd,bhsd->bhts', q, k), ofTokens)
        : einsum('bhtd,bhsd,bhtsd->bhts', q, k, ofTokens),
      'score',
    ),
    'scores',
  );

/** Contribution of the tokens to the outputs, [b, h, t, e]. */
export const ownOutput = (inputs: LinearAttentionInputs, left: Left): Value =>
  einsum('bhts,bhse->bhte', weightsOf(inputs, left), inputs.v);

/** Contribution of the initial state to the outputs, [b, h, t, e]. */
export const stateOutput = ({ q }: LinearAttentionInputs, { ofState }: Left, state: Value): Value =>
  ofState.shape.length === 3
    ? mul(einsum('bhtd,bhde->bhte', q, state), overChannels(ofState, 3))
    : einsum('bhtd,bhde->bhte', mul(q, ofState), state);

/** Contribution of the tokens to the final state, [b, h, d, e]. */
export function ownState({ k, v }: LinearAttentionInputs, { ofTokens }: Left): Value {
  const last = at(ofTokens, 2, ofTokens.shape[2]! - 1);
  return einsum('bhsd,bhse->bhde', mul(k, overChannels(last, 3)), v);
}

/** Product of all decays, [b, h, 1, 1] or [b, h, d, 1]: the factor of the initial state in the final state. */
export function leftOfState({ ofState }: Left): Value {
  const last = overChannels(at(ofState, 2, ofState.shape[2]! - 1), 2);
  return reshape(last, [...last.shape, 1]);
}

/** Linear attention over all tokens at once, with a formula for products of decays. `call` names it in errors. */
export const attendAtOnce =
  (call: string, formula: DecayFormula): LinearAttention =>
  (inputs, state) => {
    const t = checkAttention(call, inputs, state);
    if (t === 0) return { output: inputs.v, state };
    const left = formula.left(formula.of(inputs));
    const kept = leftOfState(left);
    return {
      output: add(ownOutput(inputs, left), stateOutput(inputs, left, state)),
      state: stored(add(mul(kept, state), ownState(inputs, left)), 'state'),
    };
  };

/**
 * Computes `o_t = Σ_{s≤t} (q_t · k_s) Π_{s<i≤t} e^{g_i} v_s + Π_{i≤t} e^{g_i} q_t S_0` for all t at once. A gate for each key channel
 * decays that channel of q_t · k_s and of q_t S_0. Throws on wrong shapes.
 * @example
 * const one = tensor([[[[2]]]]);
 * read(parallelLinearAttention({ q: one, k: one, v: one, gate: tensor([[[Math.log(0.5)]]]) }, one).output) // [10]
 */
export const parallelLinearAttention: LinearAttention = attendAtOnce('parallelLinearAttention', products);
