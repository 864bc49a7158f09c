/** @file Declares linear attention with a gate per token and head. Some gates are resets. */
import { gatedLinearAttention as definition } from '../../../../spec/gated-linear-attention.ts';
import type { LinearAttention } from '../../../nn/linear-attention/inputs.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Case } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import { gateDetails } from '../../draw.ts';
import { over } from '../../over.ts';
import type { Program } from '../../program.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import { linearAttention } from '../linear-attention/operator.ts';
import { gatedForms } from '../shared/gated-forms.ts';
import {
  type LinearAttentionSettings,
  linearAttentionLaws,
  linearAttentionLayouts,
  linearAttentionModes,
} from '../shared/linear-attention.ts';

const signature = 'q bhtd, k bhtd, v bhte, state bhde, gate bht -> output bhte, state bhde';

const attend = (
  attention: LinearAttention,
  { state, ...inputs }: InputsOf<typeof signature, Value>,
): OutputsOf<typeof signature, Value> => attention(inputs, state);

/** Sets all gates to 0, so that nothing is forgotten. */
const openGates = (c: Case<LinearAttentionSettings>): Case<LinearAttentionSettings> => ({
  ...c,
  inputs: { ...c.inputs, gate: { ...c.inputs.gate!, data: c.inputs.gate!.data.map(() => 0) } },
});

export const simpleGla = defineOperator({
  name: 'simpleGla',
  chapter: 'spec/gated-linear-attention.ts',
  evidence: ['T'],
  signature,
  layouts: linearAttentionLayouts(signature, (size) => ({ gate: gateDetails(size) })),
  definition: over('bh', signature, ({ q, k, v, gate, state }) => definition(q, k, v, gate, state)),
  modes: linearAttentionModes<typeof signature>(attend),
  ...gatedForms<typeof signature>(attend),
  reference: 'recurrent',
  laws: {
    ...linearAttentionLaws,
    reductions: {
      'gates 0': {
        change: openGates,
        program: (mode) => linearAttention.modes[mode]! as Program<LinearAttentionSettings>,
        ignores: (name) => name === 'gradient.gate',
      },
    },
  },
});
