/** @file Declares the gated delta rule (Gated DeltaNet): a gate for each token and head; groups of heads share queries and keys. */
import * as fc from 'fast-check';
import { gatedDeltaRule as definition, rawGate } from '../../../../spec/delta-rule.ts';
import { given } from '../../../../spec/notation.ts';
import type { DeltaRule } from '../../../nn/delta-rule/inputs.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import type { InputsOf } from '../../signature-types.ts';
import {
  definedQueriesAndKeys,
  deltaRuleDetails,
  deltaRuleModes,
  deltaRuleSettings,
  deltaRuleTaps,
} from '../shared/delta-rule.ts';
import {
  type GatedDeltaSettings,
  gatedDeltaForms,
  gatedDetails,
  gatedDraws,
  groups,
  ofGatedDeltaRules,
  runGated,
} from '../shared/gated-delta-rule.ts';

export const gatedDeltaRuleSignature =
  'q bgtd, k bgtd, v bhte, beta bht, gate bht, aLog? h, gateBias? h, state bhde -> output bhte, state bhde';

export const runGatedDeltaRule = (
  rule: DeltaRule,
  inputs: InputsOf<typeof gatedDeltaRuleSignature, Value>,
  settings: GatedDeltaSettings,
) => runGated(rule, inputs, settings);

export const gatedDeltaRule = defineOperator({
  name: 'gatedDeltaRule',
  ...ofGatedDeltaRules,
  signature: gatedDeltaRuleSignature,
  layouts: (size) =>
    fc.record(gatedDraws(size, 'log_decay', 'raw')).map(({ heads, gate, hasBias, ...drawn }) => {
      const { b, t, d, e } = drawn;
      return layoutOf(gatedDeltaRuleSignature, {
        lengths: { b, t, d, e, ...heads },
        settings: { ...deltaRuleSettings(drawn), gate },
        inputs: { q: {}, v: {}, ...deltaRuleDetails(size, drawn), ...gatedDetails(size, gate, hasBias), state: {} },
      });
    }),
  definition: over(
    'bh',
    gatedDeltaRuleSignature,
    ({ q, k, v, beta, gate, aLog, gateBias, state }, settings: GatedDeltaSettings) => {
      const gates = settings.gate === 'log_decay' ? gate : gate.map((x) => rawGate(x, given(aLog, 'aLog'), gateBias));
      return definition(...definedQueriesAndKeys(q, k, settings), v, beta, gates, state);
    },
    groups,
  ),
  modes: deltaRuleModes<typeof gatedDeltaRuleSignature, GatedDeltaSettings>(runGatedDeltaRule),
  taps: deltaRuleTaps,
  forms: { chunkwise: gatedDeltaForms<typeof gatedDeltaRuleSignature, GatedDeltaSettings>(runGatedDeltaRule) },
});
