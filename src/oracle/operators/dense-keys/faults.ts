/** @file Faults of denseKeys: those of every collection. */
import { collectingFaults } from '../shared/dense-feature-faults.ts';
import { denseKeys } from './operator.ts';

export const denseKeysFaults = collectingFaults(denseKeys);
