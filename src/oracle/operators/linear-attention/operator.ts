/** @file Declares linear attention without a gate. */
import { linearAttention as definition } from '../../../../spec/gated-linear-attention.ts';
import { defineOperator } from '../../define-operator.ts';
import { over } from '../../over.ts';
import {
  type LinearAttentionSettings,
  linearAttentionLaws,
  linearAttentionLayouts,
  linearAttentionModes,
} from '../shared/linear-attention.ts';
import { definedQueries, type QueryScale, scaledQueries } from '../shared/query-scale.ts';

const signature = 'q bhtd, k bhtd, v bhte, state bhde -> output bhte, state bhde';

type Settings = LinearAttentionSettings & QueryScale;

export const linearAttention = defineOperator({
  name: 'linearAttention',
  chapter: 'spec/gated-linear-attention.ts',
  evidence: ['T'],
  signature,
  optIn: ['scale'],
  layouts: linearAttentionLayouts(signature),
  definition: over('bh', signature, ({ q, k, v, state }, settings: Settings) =>
    definition(definedQueries(q, settings), k, v, state),
  ),
  modes: linearAttentionModes<typeof signature, Settings>((attention, { state, ...inputs }, settings) =>
    attention(scaledQueries(inputs, settings), state),
  ),
  reference: 'recurrent',
  laws: linearAttentionLaws,
});
