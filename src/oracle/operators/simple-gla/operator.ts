/** @file Declares linear attention with a gate per token and head. Some gates are resets. */
import { gatedLinearAttention as definition } from '../../../../spec/gated-linear-attention.ts';
import type { Case } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import { gateDetails } from '../../draw.ts';
import { over } from '../../over.ts';
import type { Program } from '../../program.ts';
import { linearAttention } from '../linear-attention/operator.ts';
import { gatedForms } from '../shared/gated-forms.ts';
import {
  type Attending,
  linearAttentionLaws,
  linearAttentionLayouts,
  linearAttentionModes,
  linearAttentionTaps,
  type ScaledAttentionSettings,
} from '../shared/linear-attention.ts';
import { definedQueries, scaledQueries } from '../shared/query-scale.ts';

const signature = 'q bhtd, k bhtd, v bhte, state bhde, gate bht -> output bhte, state bhde';

const attend: Attending<typeof signature, ScaledAttentionSettings> = (attention, { state, ...inputs }, settings) =>
  attention(scaledQueries(inputs, settings), state);

/** Sets all gates to 0, so that nothing is forgotten. */
const openGates = (c: Case<ScaledAttentionSettings>): Case<ScaledAttentionSettings> => ({
  ...c,
  inputs: { ...c.inputs, gate: { ...c.inputs.gate!, data: c.inputs.gate!.data.map(() => 0) } },
});

export const simpleGla = defineOperator({
  name: 'simpleGla',
  chapter: 'spec/gated-linear-attention.ts',
  evidence: ['T'],
  signature,
  optIn: ['scale'],
  layouts: linearAttentionLayouts(signature, (size) => ({ gate: gateDetails(size) })),
  definition: over('bh', signature, ({ q, k, v, gate, state }, settings: ScaledAttentionSettings) =>
    definition(definedQueries(q, settings), k, v, gate, state),
  ),
  modes: linearAttentionModes(attend),
  ...gatedForms(attend),
  taps: linearAttentionTaps,
  reference: 'recurrent',
  laws: {
    ...linearAttentionLaws,
    reductions: {
      'gates 0': {
        change: openGates,
        program: (mode) => linearAttention.modes[mode]! as Program<ScaledAttentionSettings>,
        ignores: (name) => name === 'gradient.gate',
      },
    },
  },
});
