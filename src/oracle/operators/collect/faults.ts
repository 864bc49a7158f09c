/** @file Wrong collections of states. */
import { collectingFaults } from '../shared/dense-feature-faults.ts';
import { collect } from './operator.ts';

export const collectFaults = collectingFaults(collect);
