/** @file Wrong batches of whole models: positions counted from a row's start. */
import { positionsFromRowStart } from '../batch-faults.ts';
import type { Fault } from '../fault.ts';
import { denseRetNetOperator, retNetOperator } from '../operators/models.ts';
import { transformerOperator } from '../operators/transformer.ts';

/** Faults of single operators. */
export const ownBatchFaults: readonly Fault[] = [
  ...positionsFromRowStart(retNetOperator),
  ...positionsFromRowStart(denseRetNetOperator),
  ...positionsFromRowStart(transformerOperator),
];
