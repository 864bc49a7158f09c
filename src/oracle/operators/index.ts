/** @file Every operator that the oracle knows. */
import type { Operator } from '../operator.ts';
import { combinations } from './combine.ts';
import { continuousSsm, discretise } from './continuous.ts';
import { degradation } from './degradation.ts';
import { denseKeys, denseRetention, denseValues, fusedKeys, fusedValues } from './dense-features.ts';
import { collect, denseSsm, inject } from './dense-ssm.ts';
import { denseRetNetOperator, retNetOperator } from './models.ts';
import { decayRetention, retention, torchscaleRetention } from './retention.ts';
import { complexSsm, diagonalSsm, matrixSsm } from './ssm.ts';
import { fuseByAddition, gate, project, select } from './transition.ts';

/** In the paper's order: equations, what they are made of, normalised retention, whole models. */
export const operators: readonly Operator[] = [
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
  retNetOperator,
  denseRetNetOperator,
];
