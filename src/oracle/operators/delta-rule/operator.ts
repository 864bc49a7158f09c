/** @file Declares the delta rule, with a step size for each token, or for each of its value channels. */
import * as fc from 'fast-check';
import { deltaRule as definition } from '../../../../spec/delta-rule.ts';
import type { DeltaRule } from '../../../nn/delta-rule/inputs.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { among, axis } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import {
  type DeltaRuleSettings,
  definedQueriesAndKeys,
  deltaRuleDetails,
  deltaRuleDraws,
  deltaRuleLaws,
  deltaRuleModes,
  deltaRuleSettings,
  deltaRuleTaps,
  hasLengths,
  inOwnChunks,
  queriesAndKeys,
} from '../shared/delta-rule.ts';

export const deltaRuleSignature = 'q bhtd, k bhtd, v bhte, beta bht|bhte, state bhde -> output bhte, state bhde';

/** `beta`: whether a head or each value channel has a step size. */
export type Settings = DeltaRuleSettings & { readonly beta: 'head' | 'value' };

/** Beyond this many numbers, chunks would fill the memory if each value channel had a step size, as each is then a head. */
const mostOfChannels = 2 ** 18;

/** Runs a delta rule on normed and scaled queries. */
export const runDeltaRule = (
  rule: DeltaRule,
  { state, ...inputs }: InputsOf<typeof deltaRuleSignature, Value>,
  settings: Settings,
): OutputsOf<typeof deltaRuleSignature, Value> => ({ ...rule(queriesAndKeys(inputs, settings), state) });

export const deltaRule = defineOperator({
  name: 'deltaRule',
  chapter: 'spec/delta-rule.ts',
  evidence: ['T'],
  signature: deltaRuleSignature,
  layouts: (size) =>
    fc
      .record({
        ...deltaRuleDraws(size),
        h: axis(size, 'h', 3),
        beta: among<Settings['beta']>(size, 'beta', 'head', 'value'),
      })
      .map(({ h, beta: drawnBeta, ...drawn }) => {
        const { b, t, d, e } = drawn;
        const beta = t * d * e > mostOfChannels ? 'head' : drawnBeta;
        const { k, beta: steps } = deltaRuleDetails(size, drawn);
        return layoutOf(deltaRuleSignature, {
          lengths: { b, h, t, d, e },
          settings: { ...deltaRuleSettings(drawn), beta },
          details: { k, beta: { ...steps, shape: beta === 'head' ? [b, h, t] : [b, h, t, e] } },
        });
      }),
  definition: over('bh', deltaRuleSignature, ({ q, k, v, beta, state }, settings: Settings) =>
    definition(...definedQueriesAndKeys(q, k, settings), v, beta, state),
  ),
  modes: deltaRuleModes<typeof deltaRuleSignature, Settings>(runDeltaRule),
  taps: deltaRuleTaps,
  forms: { chunkwise: { ownChunks: inOwnChunks<typeof deltaRuleSignature, Settings>(runDeltaRule) } },
  says: { chunkwise: 'chunks of the given size' },
  reference: 'recurrent',
  isSmooth: hasLengths,
  laws: deltaRuleLaws,
});
