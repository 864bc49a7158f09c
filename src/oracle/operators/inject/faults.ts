/** @file Wrong fusions of states. */
import { fusingFaults } from '../shared/dense-feature-faults.ts';
import { inject } from './operator.ts';

export const injectFaults = fusingFaults(inject);
