/** @file Faults of collect: those of every collection. */
import { collectingFaults } from '../shared/dense-feature-faults.ts';
import { collect } from './operator.ts';

export const collectFaults = collectingFaults(collect);
