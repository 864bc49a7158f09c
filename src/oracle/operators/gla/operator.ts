/** @file Declares linear attention with a gate per token and key channel, and a factor of the queries. */
import { channelGatedAttention as definition } from '../../../../spec/gated-linear-attention.ts';
import { scale as multiplied } from '../../../tensor/primitives/scale.ts';
import { defineOperator } from '../../define-operator.ts';
import { gateDetails } from '../../draw.ts';
import { over } from '../../over.ts';
import { gatedForms } from '../shared/gated-forms.ts';
import {
  type Attending,
  linearAttentionLaws,
  linearAttentionLayouts,
  linearAttentionModes,
  linearAttentionTaps,
  type ScaledAttentionSettings,
} from '../shared/linear-attention.ts';

const signature = 'q bhtd, k bhtd, v bhte, state bhde, gate bhtd -> output bhte, state bhde';

const attend: Attending<typeof signature, ScaledAttentionSettings> = (
  attention,
  { state, q, ...inputs },
  { scale = 1 },
) => attention({ ...inputs, q: multiplied(q, scale) }, state);

export const gla = defineOperator({
  name: 'gla',
  chapter: 'spec/gated-linear-attention.ts',
  evidence: ['T'],
  signature,
  layouts: linearAttentionLayouts(signature, (size) => ({ gate: gateDetails(size) })),
  definition: over('bh', signature, ({ q, k, v, gate, state }, { scale = 1 }: ScaledAttentionSettings) =>
    definition(q, k, v, gate, scale, state),
  ),
  modes: linearAttentionModes(attend),
  ...gatedForms(attend, 'channels'),
  taps: linearAttentionTaps,
  reference: 'recurrent',
  perPair: 'd',
  laws: linearAttentionLaws,
});
