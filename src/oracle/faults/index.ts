/** @file Every fault: those that any operator can have, then those of its own. */
import type { Fault } from '../fault.ts';
import { laws } from '../laws/index.ts';
import { operators } from '../operators/index.ts';
import { genericFaults } from './generic.ts';
import { modelFaults } from './models.ts';
import { retentionFaults } from './retention.ts';
import { ssmFaults } from './ssm.ts';
import { ssmPartFaults } from './ssm-parts.ts';
import { transitionFaults } from './transition.ts';

export const faults: readonly Fault[] = [
  ...ssmPartFaults,
  ...ssmFaults,
  ...transitionFaults,
  ...retentionFaults,
  ...modelFaults,
  ...operators.flatMap((operator) => genericFaults(operator, laws)),
];
