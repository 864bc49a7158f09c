/** @file Faults of fusedKeys: those of every fusion. */
import { fusingFaults } from '../shared/dense-feature-faults.ts';
import { fusedKeys } from './operator.ts';

export const fusedKeysFaults = fusingFaults(fusedKeys);
