/** @file Faults of fusedValues: those of every fusion. */
import { fusingFaults } from '../shared/dense-feature-faults.ts';
import { fusedValues } from './operator.ts';

export const fusedValuesFaults = fusingFaults(fusedValues);
