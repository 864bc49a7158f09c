/** @file Faults of inject: those of every fusion. */
import { fusingFaults } from '../shared/dense-feature-faults.ts';
import { inject } from './operator.ts';

export const injectFaults = fusingFaults(inject);
