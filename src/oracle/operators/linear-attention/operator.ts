/** @file Declares linear attention without a gate. */
import { linearAttention as definition } from '../../../../spec/gated-linear-attention.ts';
import { defineOperator } from '../../define-operator.ts';
import { over } from '../../over.ts';
import {
  linearAttentionLaws,
  linearAttentionLayouts,
  linearAttentionModes,
  linearAttentionTaps,
  type ScaledAttentionSettings,
} from '../shared/linear-attention.ts';
import { definedQueries, scaledQueries } from '../shared/query-scale.ts';

const signature = 'q bhtd, k bhtd, v bhte, state bhde -> output bhte, state bhde';

export const linearAttention = defineOperator({
  name: 'linearAttention',
  chapter: 'spec/gated-linear-attention.ts',
  evidence: ['T'],
  signature,
  optIn: ['scale'],
  layouts: linearAttentionLayouts(signature),
  definition: over('bh', signature, ({ q, k, v, state }, settings: ScaledAttentionSettings) =>
    definition(definedQueries(q, settings), k, v, state),
  ),
  modes: linearAttentionModes<typeof signature, ScaledAttentionSettings>((attention, { state, ...inputs }, settings) =>
    attention(scaledQueries(inputs, settings), state),
  ),
  taps: linearAttentionTaps,
  reference: 'recurrent',
  laws: linearAttentionLaws,
});
