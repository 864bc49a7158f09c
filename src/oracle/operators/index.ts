/** @file Every operator that the oracle knows. */
import type { Operator } from '../operator.ts';
import { attention, feedForward } from './attention.ts';
import { combinations } from './combine.ts';
import { continuousSsm, discretise } from './continuous.ts';
import { degradation } from './degradation.ts';
import { denseKeys, denseRetention, denseValues, fusedKeys, fusedValues } from './dense-features.ts';
import { collect, denseSsm, inject } from './dense-ssm.ts';
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

/** In the paper's order: equations, what they are made of, normalised retention, whole models. */
export const operators: readonly Operator[] = [
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
];
