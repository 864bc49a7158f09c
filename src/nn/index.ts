/** @file Equations as tensor programs: retention, dense connections, norms, losses. */
export { gelu, silu } from './activations.ts';
export { crossEntropy, logSumExp, nextTokenTargets, predictingRows, type Targets } from './cross-entropy.ts';
export { collect, denseFusion, type FusionParams, type FusionRule, fuseByAddition } from './dense-fusion.ts';
export { embedding } from './embedding.ts';
export { linear } from './linear.ts';
export { type MultiHeadConfig, multiHeadRetention, type RotationPhase, retnetDecays } from './multi-head-retention.ts';
export { layerNorm, rmsNorm } from './norms.ts';
export { chunkwiseRetention } from './retention/chunkwise.ts';
export { emptyState, type Retention, type RetentionInputs, type RetentionResult } from './retention/inputs.ts';
export { type Mode, normalisedRetention, type Place, type RetentionNorm } from './retention/normalised.ts';
export { parallelRetention } from './retention/parallel.ts';
export { recurrentRetention } from './retention/recurrent.ts';
export { torchscaleChunkwise, torchscaleParallel } from './retention/torchscale.ts';
export { retnetFrequencies, rotate, rotateState } from './rotary.ts';
export { type GateActivation, type GateParams, gate, project, select } from './selective-transition.ts';
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
export { associativeSsm, recurrentSsm, scanSsm } from './ssm/sequential.ts';
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
