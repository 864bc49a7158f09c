/** @file Wrong fused keys. */
import { fusingFaults } from '../shared/dense-feature-faults.ts';
import { fusedKeys } from './operator.ts';

export const fusedKeysFaults = fusingFaults(fusedKeys);
