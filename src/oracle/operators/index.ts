/** @file Lists every operator with its own faults. */

import type { Fault } from '../fault.ts';
import type { Operator } from '../operator.ts';
import { attentionFaults } from './attention/faults.ts';
import { attention } from './attention/operator.ts';
import { collectFaults } from './collect/faults.ts';
import { collect } from './collect/operator.ts';
import { complexCombineFaults } from './complex-combine/faults.ts';
import { complexCombine } from './complex-combine/operator.ts';
import { complexSsmFaults } from './complex-ssm/faults.ts';
import { complexSsm } from './complex-ssm/operator.ts';
import { continuousSsmFaults } from './continuous-ssm/faults.ts';
import { continuousSsm } from './continuous-ssm/operator.ts';
import { convolutionStepFaults } from './convolution-step/faults.ts';
import { convolutionStep } from './convolution-step/operator.ts';
import { crossEntropyFaults } from './cross-entropy/faults.ts';
import { crossEntropy } from './cross-entropy/operator.ts';
import { decayRetentionFaults } from './decay-retention/faults.ts';
import { decayRetention } from './decay-retention/operator.ts';
import { degradationFaults } from './degradation/faults.ts';
import { degradation } from './degradation/operator.ts';
import { deltaRuleFaults } from './delta-rule/faults.ts';
import { deltaRule } from './delta-rule/operator.ts';
import { denseGatedDeltaNetFaults } from './dense-gated-delta-net/faults.ts';
import { denseGatedDeltaNetOperator } from './dense-gated-delta-net/operator.ts';
import { denseGlaFaults } from './dense-gla/faults.ts';
import { denseGlaOperator } from './dense-gla/operator.ts';
import { denseKeysFaults } from './dense-keys/faults.ts';
import { denseKeys } from './dense-keys/operator.ts';
import { denseMambaFaults } from './dense-mamba/faults.ts';
import { denseMambaOperator } from './dense-mamba/operator.ts';
import { denseMamba2Faults } from './dense-mamba2/faults.ts';
import { denseMamba2Operator } from './dense-mamba2/operator.ts';
import { denseRetentionFaults } from './dense-retention/faults.ts';
import { denseRetention } from './dense-retention/operator.ts';
import { denseRetNetFaults } from './dense-retnet/faults.ts';
import { denseRetNetOperator } from './dense-retnet/operator.ts';
import { denseSsmFaults } from './dense-ssm/faults.ts';
import { denseSsm } from './dense-ssm/operator.ts';
import { denseSsmStackFaults } from './dense-ssm-stack/faults.ts';
import { denseSsmStackOperator } from './dense-ssm-stack/operator.ts';
import { denseValuesFaults } from './dense-values/faults.ts';
import { denseValues } from './dense-values/operator.ts';
import { depthwiseConvolutionFaults } from './depthwise-convolution/faults.ts';
import { depthwiseConvolution } from './depthwise-convolution/operator.ts';
import { diagonalSsmFaults } from './diagonal-ssm/faults.ts';
import { diagonalSsm } from './diagonal-ssm/operator.ts';
import { discretiseFaults } from './discretise/faults.ts';
import { discretise } from './discretise/operator.ts';
import { feedForwardFaults } from './feed-forward/faults.ts';
import { feedForward } from './feed-forward/operator.ts';
import { fuseByAdditionFaults } from './fuse-by-addition/faults.ts';
import { fuseByAddition } from './fuse-by-addition/operator.ts';
import { fusedKeysFaults } from './fused-keys/faults.ts';
import { fusedKeys } from './fused-keys/operator.ts';
import { fusedValuesFaults } from './fused-values/faults.ts';
import { fusedValues } from './fused-values/operator.ts';
import { gateFaults } from './gate/faults.ts';
import { gate } from './gate/operator.ts';
import { gatedDeltaRuleFaults } from './gated-delta-rule/faults.ts';
import { gatedDeltaRule } from './gated-delta-rule/operator.ts';
import { gatedRmsNormFaults } from './gated-rms-norm/faults.ts';
import { gatedRmsNorm } from './gated-rms-norm/operator.ts';
import { glaFaults } from './gla/faults.ts';
import { gla } from './gla/operator.ts';
import { injectFaults } from './inject/faults.ts';
import { inject } from './inject/operator.ts';
import { kdaFaults } from './kda/faults.ts';
import { kda } from './kda/operator.ts';
import { linearAttentionFaults } from './linear-attention/faults.ts';
import { linearAttention } from './linear-attention/operator.ts';
import { linearScanFaults } from './linear-scan/faults.ts';
import { linearScan } from './linear-scan/operator.ts';
import { mambaFaults } from './mamba/faults.ts';
import { mambaOperator } from './mamba/operator.ts';
import { mamba2ScanFaults } from './mamba2-scan/faults.ts';
import { mamba2Scan } from './mamba2-scan/operator.ts';
import { mamba3Faults } from './mamba3/faults.ts';
import { mamba3 } from './mamba3/operator.ts';
import { mamba3MimoFaults } from './mamba3-mimo/faults.ts';
import { mamba3Mimo } from './mamba3-mimo/operator.ts';
import { matrixCombineFaults } from './matrix-combine/faults.ts';
import { matrixCombine } from './matrix-combine/operator.ts';
import { matrixSsmFaults } from './matrix-ssm/faults.ts';
import { matrixSsm } from './matrix-ssm/operator.ts';
import { normalisedLinearAttentionFaults } from './normalised-linear-attention/faults.ts';
import { normalisedLinearAttention } from './normalised-linear-attention/operator.ts';
import { projectFaults } from './project/faults.ts';
import { project } from './project/operator.ts';
import { realCombineFaults } from './real-combine/faults.ts';
import { realCombine } from './real-combine/operator.ts';
import { retentionFaults } from './retention/faults.ts';
import { retention } from './retention/operator.ts';
import { retNetFaults } from './retnet/faults.ts';
import { retNetOperator } from './retnet/operator.ts';
import { rmsNormFaults } from './rms-norm/faults.ts';
import { rmsNorm } from './rms-norm/operator.ts';
import { rotaryFaults } from './rotary/faults.ts';
import { rotary } from './rotary/operator.ts';
import { rwkv7Faults } from './rwkv7/faults.ts';
import { rwkv7 } from './rwkv7/operator.ts';
import { selectFaults } from './select/faults.ts';
import { select } from './select/operator.ts';
import { selectiveScanFaults } from './selective-scan/faults.ts';
import { selectiveScan } from './selective-scan/operator.ts';
import { selectiveStateUpdateFaults } from './selective-state-update/faults.ts';
import { selectiveStateUpdate } from './selective-state-update/operator.ts';
import { simpleGlaFaults } from './simple-gla/faults.ts';
import { simpleGla } from './simple-gla/operator.ts';
import { stateSpaceDualityFaults } from './state-space-duality/faults.ts';
import { stateSpaceDuality } from './state-space-duality/operator.ts';
import { torchscaleRetentionFaults } from './torchscale-retention/faults.ts';
import { torchscaleRetention } from './torchscale-retention/operator.ts';
import { transformerFaults } from './transformer/faults.ts';
import { transformerOperator } from './transformer/operator.ts';

/** An operator and its own faults. */
type Row = readonly [Operator, readonly Fault[]];

/** In the order of reports: the paper's equations, their parts, then operators and models without a numbered equation. */
const rows: readonly Row[] = [
  [attention, attentionFaults],
  [feedForward, feedForwardFaults],
  [continuousSsm, continuousSsmFaults],
  [diagonalSsm, diagonalSsmFaults],
  [degradation, degradationFaults],
  [collect, collectFaults],
  [inject, injectFaults],
  [matrixSsm, matrixSsmFaults],
  [denseSsm, denseSsmFaults],
  [project, projectFaults],
  [gate, gateFaults],
  [select, selectFaults],
  [fuseByAddition, fuseByAdditionFaults],
  [linearScan, linearScanFaults],
  [retention, retentionFaults],
  [denseKeys, denseKeysFaults],
  [denseValues, denseValuesFaults],
  [fusedKeys, fusedKeysFaults],
  [fusedValues, fusedValuesFaults],
  [denseRetention, denseRetentionFaults],
  [discretise, discretiseFaults],
  [complexSsm, complexSsmFaults],
  [realCombine, realCombineFaults],
  [complexCombine, complexCombineFaults],
  [matrixCombine, matrixCombineFaults],
  [rmsNorm, rmsNormFaults],
  [gatedRmsNorm, gatedRmsNormFaults],
  [rotary, rotaryFaults],
  [crossEntropy, crossEntropyFaults],
  [decayRetention, decayRetentionFaults],
  [torchscaleRetention, torchscaleRetentionFaults],
  [transformerOperator, transformerFaults],
  [retNetOperator, retNetFaults],
  [denseRetNetOperator, denseRetNetFaults],
  [depthwiseConvolution, depthwiseConvolutionFaults],
  [convolutionStep, convolutionStepFaults],
  [selectiveScan, selectiveScanFaults],
  [selectiveStateUpdate, selectiveStateUpdateFaults],
  [linearAttention, linearAttentionFaults],
  [simpleGla, simpleGlaFaults],
  [gla, glaFaults],
  [rwkv7, rwkv7Faults],
  [normalisedLinearAttention, normalisedLinearAttentionFaults],
  [stateSpaceDuality, stateSpaceDualityFaults],
  [mamba3, mamba3Faults],
  [mamba3Mimo, mamba3MimoFaults],
  [deltaRule, deltaRuleFaults],
  [gatedDeltaRule, gatedDeltaRuleFaults],
  [kda, kdaFaults],
  [mamba2Scan, mamba2ScanFaults],
  [mambaOperator, mambaFaults],
  [denseMambaOperator, denseMambaFaults],
  [denseMamba2Operator, denseMamba2Faults],
  [denseGlaOperator, denseGlaFaults],
  [denseGatedDeltaNetOperator, denseGatedDeltaNetFaults],
  [denseSsmStackOperator, denseSsmStackFaults],
];

/** Every operator. */
export const operators: readonly Operator[] = rows.map(([operator]) => operator);

/** The faults declared in the operators' folders. */
export const ownFaults: readonly Fault[] = rows.flatMap(([, faults]) => faults);
