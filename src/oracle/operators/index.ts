/** @file Every operator that the oracle knows. */

import { batchable } from '../batchable.ts';
import { hasStates, type Operator } from '../operator.ts';
import { attention, feedForward } from './attention.ts';
import { combinations } from './combine.ts';
import { continuousSsm, discretise } from './continuous.ts';
import { degradation } from './degradation.ts';
import { denseKeys, denseRetention, denseValues, fusedKeys, fusedValues } from './dense-features.ts';
import { denseMambaOperator } from './dense-mamba.ts';
import { collect, denseSsm, inject } from './dense-ssm.ts';
import { denseSsmStackOperator } from './dense-ssm-stack.ts';
import { depthwiseConvolution } from './depthwise-convolution.ts';
import { linearAttention, normalisedLinearAttention, simpleGla, stateSpaceDuality } from './linear-attention.ts';
import { linearScan } from './linear-scan.ts';
import { mambaOperator } from './mamba.ts';
import { denseRetNetOperator, retNetOperator } from './models.ts';
import { decayRetention, retention, torchscaleRetention } from './retention.ts';
import { selectiveScan } from './selective-scan.ts';
import { complexSsm, diagonalSsm, matrixSsm } from './ssm.ts';
import { transformerOperator } from './transformer.ts';
import { fuseByAddition, gate, project, select } from './transition.ts';

const inOrder: readonly Operator[] = [
  attention,
  feedForward,
  continuousSsm,
  diagonalSsm,
  degradation,
  collect,
  inject,
  matrixSsm,
  denseSsm,
  project,
  gate,
  select,
  fuseByAddition,
  linearScan,
  retention,
  denseKeys,
  denseValues,
  fusedKeys,
  fusedValues,
  denseRetention,
  discretise,
  complexSsm,
  ...combinations,
  decayRetention,
  torchscaleRetention,
  transformerOperator,
  retNetOperator,
  denseRetNetOperator,
  depthwiseConvolution,
  selectiveScan,
  linearAttention,
  simpleGla,
  normalisedLinearAttention,
  stateSpaceDuality,
  mambaOperator,
  denseMambaOperator,
  denseSsmStackOperator,
];

/**
 * In the paper's order: equations, what they are made of, normalised retention, whole models. One that has a state runs batches too:
 * sequence by sequence, unless it has modes that run them together.
 */
export const operators: readonly Operator[] = inOrder.map((operator) =>
  hasStates(operator) && operator.batches === undefined ? batchable(operator) : operator,
);
