/** @file Faults of Kimi delta attention: those of all delta rules with gates. */
import { faultsOfTokens } from '../../fault.ts';
import { gatedDeltaFaultsOf } from '../shared/gated-delta-rule-faults.ts';
import { type KdaSettings, kda, type kdaSignature, runKda } from './operator.ts';

export const kdaFaults = faultsOfTokens(kda, gatedDeltaFaultsOf<typeof kdaSignature, KdaSettings>(runKda));
