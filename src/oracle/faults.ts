/** @file Lists every fault: each operator's own, then the generic ones. The law `elements` must reject what `modes` must. */
import { batchFaults } from './batch-faults.ts';
import type { Fault } from './fault.ts';
import { genericFaults } from './generic-faults.ts';
import { modes } from './laws/agreement.ts';
import { elements } from './laws/elements.ts';
import { laws } from './laws/index.ts';
import { operators, ownFaults } from './operators/index.ts';

const withElements = (fault: Fault): Fault =>
  fault.rejectedBy.includes(modes.name) && fault.onlyRounds === undefined
    ? { ...fault, rejectedBy: [...fault.rejectedBy, elements.name] }
    : fault;

/** The known faults of all operators: wrong programs, each with the laws that must reject it. */
export const faults: readonly Fault[] = [
  ...ownFaults,
  ...operators.flatMap((operator) => batchFaults(operator)),
  ...operators.flatMap((operator) => genericFaults(operator, laws)),
].map(withElements);
