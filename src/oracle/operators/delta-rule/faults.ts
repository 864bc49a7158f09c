/** @file Faults of the delta rule: those of all delta rules, and step sizes of value channels. */
import { recurrentDeltaRule } from '../../../nn/delta-rule/recurrent.ts';
import { broadcast } from '../../../tensor/primitives/broadcast.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { faultsOfTokens } from '../../fault.ts';
import { deltaRuleFaultsOf } from '../shared/delta-rule-faults.ts';
import { deltaRule, type deltaRuleSignature, runDeltaRule, type Settings } from './operator.ts';

export const deltaRuleFaults = faultsOfTokens(deltaRule, [
  ...deltaRuleFaultsOf<typeof deltaRuleSignature, Settings>(runDeltaRule),
  {
    mode: 'recurrent',
    name: 'one-step-size-for-all-channels',
    says: 'every value channel has the step size of the first',
    rejectedBy: ['definition', 'derivative'],
    program: (inputs, settings) => {
      const { beta } = inputs;
      const first = beta.shape.length === 3 ? beta : broadcast(slice(beta, 3, 0, 1), beta.shape);
      return runDeltaRule(recurrentDeltaRule, { ...inputs, beta: first }, settings);
    },
  },
]);
