/** @file Declares Kimi delta attention (KDA): the delta rule with a gate for each key channel; groups of heads share queries and keys. */
import * as fc from 'fast-check';
import { boundedGate, kimiDeltaAttention as definition, rawGate } from '../../../../spec/delta-rule.ts';
import { given, type Matrix, type Vector } from '../../../../spec/notation.ts';
import type { DeltaRule } from '../../../nn/delta-rule/inputs.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { among } from '../../draw.ts';
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

export const kdaSignature =
  'q bgtd, k bgtd, v bhte, beta bht, gate bhtd, aLog? h, gateBias? hd, state bhde -> output bhte, state bhde';

/** `lowerBound`: of the gates if their source is `raw_lower_bound`. */
export type KdaSettings = GatedDeltaSettings & { readonly lowerBound: number };

export const runKda = (rule: DeltaRule, inputs: InputsOf<typeof kdaSignature, Value>, settings: KdaSettings) =>
  runGated(rule, inputs, settings);

/** The gates of one head in the definition. */
function definedGates(gate: Matrix, a: number | undefined, bias: Vector | undefined, settings: KdaSettings): Matrix {
  if (settings.gate === 'log_decay') return gate;
  const rate = given(a, 'aLog');
  return gate.map((row) =>
    row.map((x, i) =>
      settings.gate === 'raw' ? rawGate(x, rate, bias?.[i]) : boundedGate(x, rate, bias?.[i] ?? 0, settings.lowerBound),
    ),
  );
}

export const kda = defineOperator({
  name: 'kda',
  ...ofGatedDeltaRules,
  signature: kdaSignature,
  perPair: 'd',
  layouts: (size) =>
    fc
      .record({
        // a gate with a lower bound is near it where its rate is small: such decays do not last
        ...gatedDraws(size, 'log_decay', 'raw', ...(size.lasting ? [] : (['raw_lower_bound'] as const))),
        lowerBound: among(size, 'lowerBound', -5, -2),
      })
      .map(({ heads, gate, hasBias, lowerBound, ...drawn }) => {
        const { b, t, d, e } = drawn;
        return layoutOf(kdaSignature, {
          lengths: { b, t, d, e, ...heads },
          settings: { ...deltaRuleSettings(drawn), gate, lowerBound },
          inputs: { q: {}, v: {}, ...deltaRuleDetails(size, drawn), ...gatedDetails(size, gate, hasBias), state: {} },
        });
      }),
  definition: over(
    'bh',
    kdaSignature,
    ({ q, k, v, beta, gate, aLog, gateBias, state }, settings: KdaSettings) =>
      definition(
        ...definedQueriesAndKeys(q, k, settings),
        v,
        beta,
        definedGates(gate, aLog, gateBias, settings),
        state,
      ),
    groups,
  ),
  modes: deltaRuleModes<typeof kdaSignature, KdaSettings>(runKda),
  taps: deltaRuleTaps,
  forms: { chunkwise: gatedDeltaForms<typeof kdaSignature, KdaSettings>(runKda) },
});
