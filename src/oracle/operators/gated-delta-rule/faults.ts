/** @file Faults of the gated delta rule: those of all delta rules with gates. */
import { faultsOfTokens } from '../../fault.ts';
import type { GatedDeltaSettings } from '../shared/gated-delta-rule.ts';
import { gatedDeltaFaultsOf } from '../shared/gated-delta-rule-faults.ts';
import { gatedDeltaRule, type gatedDeltaRuleSignature, runGatedDeltaRule } from './operator.ts';

export const gatedDeltaRuleFaults = faultsOfTokens(
  gatedDeltaRule,
  gatedDeltaFaultsOf<typeof gatedDeltaRuleSignature, GatedDeltaSettings>(runGatedDeltaRule),
);
