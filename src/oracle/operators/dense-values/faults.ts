/** @file Wrong dense values. */
import { collectingFaults } from '../shared/dense-feature-faults.ts';
import { denseValues } from './operator.ts';

export const denseValuesFaults = collectingFaults(denseValues);
