/** @file Every operator that the oracle knows. */
import type { Operator } from '../operator.ts';
import { attention, feedForward } from './attention.ts';
import { depthwiseConvolution } from './causal-convolution.ts';
import { denseKeys, denseRetention, denseValues, fusedKeys, fusedValues } from './dense-features.ts';
import { linearAttention, normalisedLinearAttention, simpleGla, stateSpaceDuality } from './linear-attention.ts';
import { linearScan } from './linear-scan.ts';
import { mambaOperator } from './mamba.ts';
import { denseRetNetOperator, retNetOperator } from './models.ts';
import { decayRetention, retention, torchscaleRetention } from './retention.ts';
import { selectiveScan } from './selective-scan.ts';
import { transformerOperator } from './transformer.ts';
import { fuseByAddition, gate, project, select } from './transition.ts';

/** In the paper's order: equations, normalised retention, whole models. */
export const operators: readonly Operator[] = [
  attention,
  feedForward,
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
