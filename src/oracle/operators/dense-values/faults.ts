/** @file Faults of denseValues: those of every collection. */
import { collectingFaults } from '../shared/dense-feature-faults.ts';
import { denseValues } from './operator.ts';

export const denseValuesFaults = collectingFaults(denseValues);
