/** @file Every fault. */
import type { Fault } from '../fault.ts';
import { modelFaults } from './models.ts';
import { retentionFaults } from './retention.ts';
import { transitionFaults } from './transition.ts';

export const faults: readonly Fault[] = [...transitionFaults, ...retentionFaults, ...modelFaults];
