/** @file Declares linear attention without a gate. */
import { linearAttention as definition } from '../../../../spec/gated-linear-attention.ts';
import { defineOperator } from '../../define-operator.ts';
import { over } from '../../over.ts';
import { linearAttentionLaws, linearAttentionLayouts, linearAttentionModes } from '../shared/linear-attention.ts';

const signature = 'q bhtd, k bhtd, v bhte, state bhde -> output bhte, state bhde';

export const linearAttention = defineOperator({
  name: 'linearAttention',
  chapter: 'spec/gated-linear-attention.ts',
  evidence: ['T'],
  signature,
  layouts: linearAttentionLayouts(signature),
  definition: over('bh', signature, ({ q, k, v, state }) => definition(q, k, v, state)),
  modes: linearAttentionModes<typeof signature>((attention, { q, k, v, state }) => attention({ q, k, v }, state)),
  reference: 'recurrent',
  laws: linearAttentionLaws,
});
