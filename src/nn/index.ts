/**
 * @file Exports the paper's equations as tensor programs: retention, attention, state space models, dense connections, norms,
 * losses.
 */
export { gelu, silu, tanh } from './activations.ts';
export { chunkwiseAttention } from './attention/chunkwise.ts';
export {
  type Attention,
  type AttentionInputs,
  type AttentionResult,
  emptyCache,
  type KeyValueCache,
} from './attention/inputs.ts';
export { attentionIn } from './attention/modes.ts';
export { parallelAttention } from './attention/parallel.ts';
export { recurrentAttention } from './attention/recurrent.ts';
export { batchedAttention } from './batches/attention.ts';
export { type Batch, packedBatch, paddedBatch, type Span } from './batches/batch.ts';
export { type BatchResult, eachSequence } from './batches/each-sequence.ts';
export { batchedRetention } from './batches/retention.ts';
export { type ScanInputs, scanBatch, scanStates } from './batches/scan.ts';
export { type ConvolutionStepInputs, convolutionStep } from './convolution-step.ts';
export {
  crossEntropy,
  crossEntropySum,
  logSumExp,
  nextTokenTargets,
  predictingRows,
  type Targets,
  tokenLosses,
} from './cross-entropy.ts';
export { chunkwiseDeltaRule } from './delta-rule/chunkwise.ts';
export { boundedGates, type RawGateParams, rawGates } from './delta-rule/gates.ts';
export type { DeltaRule, DeltaRuleInputs, DeltaRuleResult } from './delta-rule/inputs.ts';
export { recurrentDeltaRule } from './delta-rule/recurrent.ts';
export {
  collect,
  denseFusion,
  type Fusion,
  type FusionMaps,
  type FusionParams,
  type FusionRule,
  fuse,
  fuseByAddition,
} from './dense-fusion.ts';
export {
  type CarriedRecurrence,
  carriedRecurrence,
  type DenseStatesInputs,
  type DenseStatesResult,
  denseStates,
  type StateOrder,
} from './dense-states/carry.ts';
export {
  fuseStates,
  type StateFusionParams,
  type StateFusionRule,
  type StateReadings,
  selectedStates,
} from './dense-states/fuse.ts';
export {
  type CausalConvolution,
  type ConvolutionActivation,
  type ConvolutionInputs,
  type ConvolutionResult,
  emptyWindow,
  parallelConvolution,
  recurrentConvolution,
} from './depthwise-convolution.ts';
export { chunkwiseDplr } from './dplr/chunkwise.ts';
export type { Dplr, DplrInputs } from './dplr/inputs.ts';
export { recurrentDplr } from './dplr/recurrent.ts';
export { embedding } from './embedding.ts';
export {
  type FeedForwardActivation,
  type FeedForwardParams,
  feedForward,
  type GatedFeedForwardParams,
  geGlu,
  swiGlu,
} from './feed-forward.ts';
export { affine, linear } from './linear.ts';
export { chunkwiseLinearAttention } from './linear-attention/chunkwise.ts';
export type { LinearAttention, LinearAttentionInputs, LinearAttentionResult } from './linear-attention/inputs.ts';
export { type NormalisedState, normalisedLinearAttention } from './linear-attention/normalised.ts';
export { parallelLinearAttention } from './linear-attention/parallel.ts';
export { recurrentLinearAttention } from './linear-attention/recurrent.ts';
export { type Mamba2Inputs, type Mamba2Result, mamba2Scan } from './mamba2/scan.ts';
export { selectiveStateUpdate, type TokenInputs, type TokenResult } from './mamba2/update.ts';
export { mamba3By } from './mamba3/by-attention.ts';
export type { Mamba3, Mamba3Inputs, Mamba3Result, Mamba3State } from './mamba3/inputs.ts';
export { type Mamba3MimoInputs, type Mamba3MimoState, mamba3Mimo } from './mamba3/mimo.ts';
export { recurrentMamba3 } from './mamba3/recurrent.ts';
export type { Mode, Place } from './mode.ts';
export { type MultiHeadAttentionConfig, multiHeadAttention, type ScoreScaling } from './multi-head-attention.ts';
export { type MultiHeadConfig, multiHeadRetention, type RotationPhase, retnetDecays } from './multi-head-retention.ts';
export { type GatedNorm, gatedRmsNorm, layerNorm, rmsNorm } from './norms.ts';
export { chunkwiseRetention } from './retention/chunkwise.ts';
export { emptyState, type Retention, type RetentionInputs, type RetentionResult } from './retention/inputs.ts';
export { normalisedRetention, type RetentionNorm } from './retention/normalised.ts';
export { parallelRetention } from './retention/parallel.ts';
export { recurrentRetention } from './retention/recurrent.ts';
export { torchscaleChunkwise, torchscaleParallel } from './retention/torchscale.ts';
export { type RotaryPairs, retnetFrequencies, rotaryFrequencies, rotate, rotateState } from './rotary.ts';
export { segmentDecays } from './segment-decays.ts';
export { stepSizes } from './selective-scan/discretise.ts';
export {
  constantMap,
  emptyScanState,
  type SelectiveScan,
  type SelectiveScanInputs,
  type SelectiveScanResult,
  tokenMap,
} from './selective-scan/inputs.ts';
export {
  chunkwiseSelectiveScan,
  logStepSelectiveScan,
  recurrentSelectiveScan,
  scanSelectiveScan,
} from './selective-scan/modes.ts';
export { type GateActivation, type GateParams, gate, project, select } from './selective-transition.ts';
export { softmax } from './softmax.ts';
export { associativeScan, type Combine } from './ssm/associative-scan.ts';
export { type Affine, complexCombine, matrixCombine, realCombine } from './ssm/combine.ts';
export {
  type Complex,
  complexAdd,
  complexExp,
  complexMul,
  complexPhi1,
  complexReciprocal,
  complexScale,
} from './ssm/complex.ts';
export { stateDerivative, stateOutput } from './ssm/continuous.ts';
export { chunkwiseSsm, convolutionSsm, ssmKernel } from './ssm/convolution.ts';
export { type Carry, type DenseSsmInputs, denseSsm } from './ssm/dense.ts';
export { type ContinuousModel, type DiscreteModel, type DiscretisationRule, discretise } from './ssm/discretise.ts';
export type { StateValue } from './ssm/form.ts';
export { emptySsmState, type Ssm, type SsmInputs, type SsmResult } from './ssm/inputs.ts';
export { matrixExponential, matrixInverse } from './ssm/matrix-exponential.ts';
export { type SsmMode, ssmIn } from './ssm/modes.ts';
export { logStepSsm, recurrentSsm, scanSsm } from './ssm/sequential.ts';
export {
  layeredStack,
  recurrentStack,
  type StackedLayer,
  type StackMode,
  type StackResult,
  type ThetaParams,
  type ThetaRule,
  thetaBlock,
} from './ssm/stack.ts';
export { type DualityInputs, stateSpaceDuality } from './state-space-duality.ts';
export { type LengthNorm, unitLength } from './unit-length.ts';
