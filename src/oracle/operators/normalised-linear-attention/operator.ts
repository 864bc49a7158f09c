/** @file Declares linear attention divided by the sum of its weights. Its state includes the sum of keys. */
import { normalisedLinearAttention as definition } from '../../../../spec/gated-linear-attention.ts';
import type { LinearAttention } from '../../../nn/linear-attention/inputs.ts';
import { normalisedLinearAttention as normalised } from '../../../nn/linear-attention/normalised.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { dividedApart } from '../../forms/divisors-apart.ts';
import { over } from '../../over.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import {
  attentionIn,
  linearAttentionLayouts,
  linearAttentionModes,
  type ScaledAttentionSettings,
} from '../shared/linear-attention.ts';
import { inEveryMode } from '../shared/modes.ts';
import { definedQueries, scaledQueries } from '../shared/query-scale.ts';

const signature = 'q bhtd, k bhtd, v bhte, state bhde, keySum bhd -> output bhte, state bhde, keySum bhd';

/** Runs normalised linear attention in a mode of linear attention. */
export function normalisedBy(
  attention: LinearAttention,
  { q, k, v, ...start }: InputsOf<typeof signature, Value>,
  divide = normalised,
): OutputsOf<typeof signature, Value> {
  const { output, state } = divide(attention)({ q, k, v }, start);
  return { output, ...state };
}

/** The slot of queries and keys. Positive numbers keep the sum of weights away from 0. */
const positive = { centre: 2, spread: 0.25, powers: 0 };

export const normalisedLinearAttention = defineOperator({
  name: 'normalisedLinearAttention',
  chapter: 'spec/gated-linear-attention.ts',
  evidence: ['T'],
  signature,
  optIn: ['scale'],
  layouts: linearAttentionLayouts(signature, () => ({ q: positive, k: positive, keySum: positive })),
  // the sum of wide or sparse weights may be nearly 0, and so the quotient may be arbitrary
  values: ['normal'],
  definition: over('bh', signature, ({ q, k, v, state, keySum }, settings: ScaledAttentionSettings) =>
    definition(definedQueries(q, settings), k, v, state, keySum),
  ),
  modes: linearAttentionModes<typeof signature, ScaledAttentionSettings>((attention, inputs, settings) =>
    normalisedBy(attention, scaledQueries(inputs, settings)),
  ),
  says: inEveryMode(() => 'sums of keys as one more value'),
  forms: inEveryMode((name) => ({
    dividedApart: {
      says: 'sums of keys and divisors in a second program, with gradients of its own',
      program: (inputs: InputsOf<typeof signature, Value>, settings: ScaledAttentionSettings) =>
        normalisedBy(attentionIn(name, settings.chunkSize), scaledQueries(inputs, settings), dividedApart),
    },
  })),
  reference: 'recurrent',
  // no claim of linearity: the final sum of keys does not depend on the values
  laws: { heads: 'h', timeInvariant: true },
});
