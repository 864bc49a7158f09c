/** @file Declares retention divided by √λ_t. All modes compute the same function. */
import { retention } from '../../../../spec/19-retention.ts';
import { decayNormalised } from '../../../../spec/normalised-retention.ts';
import { decayNormalised as normalisedByDecay } from '../../../nn/retention/normalised.ts';
import { defineOperator } from '../../define-operator.ts';
import { over } from '../../over.ts';
import { linearAttentionTaps } from '../shared/linear-attention.ts';
import {
  laterPosition,
  type RetentionSettings,
  retaining,
  retentionLayouts,
  retentionModes,
  retentionSignature,
} from '../shared/retention.ts';
import { retentionForms } from '../shared/retention-forms.ts';

export const decayRetention = defineOperator({
  name: 'decayRetention',
  chapter: 'spec/normalised-retention.ts',
  evidence: ['C'],
  signature: retentionSignature,
  layouts: retentionLayouts(0, 1, 5),
  definition: over('bh', retentionSignature, ({ q, k, v, state }, { decay, position }: RetentionSettings, { h }) => ({
    output: decayNormalised(q, k, v, decay[h]!, position, state),
    state: retention(q, k, v, decay[h]!, state).state,
  })),
  modes: retentionModes('decay'),
  ...retentionForms<typeof retentionSignature, RetentionSettings>((retain) =>
    retaining(({ state, position, ...inputs }) => normalisedByDecay(retain, inputs, state, position)),
  ),
  taps: linearAttentionTaps,
  reference: 'recurrent',
  after: laterPosition,
  laws: { heads: 'h', headSettings: ['decay'], linearIn: ['v', 'state'] },
});
