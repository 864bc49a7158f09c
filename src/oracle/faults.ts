/** @file Lists every fault: each operator's own, then the generic ones. */
import { batchFaults } from './batch-faults.ts';
import type { Fault } from './fault.ts';
import { genericFaults } from './generic-faults.ts';
import { laws } from './laws/index.ts';
import { operators, ownFaults } from './operators/index.ts';

export const faults: readonly Fault[] = [
  ...ownFaults,
  ...operators.flatMap((operator) => batchFaults(operator)),
  ...operators.flatMap((operator) => genericFaults(operator, laws)),
];
