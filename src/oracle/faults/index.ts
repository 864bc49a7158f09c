/** @file Every fault: those that any operator can have, then those of its own. */
import type { Fault } from '../fault.ts';
import { laws } from '../laws/index.ts';
import { operators } from '../operators/index.ts';
import { attentionFaults } from './attention.ts';
import { batchFaults, ownBatchFaults } from './batches.ts';
import { genericFaults } from './generic.ts';
import { modelFaults } from './models.ts';
import { retentionFaults } from './retention.ts';
import { transitionFaults } from './transition.ts';

export const faults: readonly Fault[] = [
  ...attentionFaults,
  ...transitionFaults,
  ...retentionFaults,
  ...modelFaults,
  ...ownBatchFaults,
  ...operators.flatMap(batchFaults),
  ...operators.flatMap((operator) => genericFaults(operator, laws)),
];
