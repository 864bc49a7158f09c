/** @file Equations as tensor programs: retention, dense connections, norms, losses. */
export { gelu, silu } from './activations.ts';
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
export { crossEntropy, logSumExp, nextTokenTargets, predictingRows, type Targets } from './cross-entropy.ts';
export { collect, denseFusion, type FusionParams, type FusionRule, fuseByAddition } from './dense-fusion.ts';
export { embedding } from './embedding.ts';
export {
  type FeedForwardActivation,
  type FeedForwardParams,
  feedForward,
  type GatedFeedForwardParams,
  swiGlu,
} from './feed-forward.ts';
export { linear } from './linear.ts';
export { type MultiHeadAttentionConfig, multiHeadAttention, type ScoreScaling } from './multi-head-attention.ts';
export { type MultiHeadConfig, multiHeadRetention, type RotationPhase, retnetDecays } from './multi-head-retention.ts';
export { layerNorm, rmsNorm } from './norms.ts';
export { chunkwiseRetention } from './retention/chunkwise.ts';
export { emptyState, type Retention, type RetentionInputs, type RetentionResult } from './retention/inputs.ts';
export { type Mode, normalisedRetention, type Place, type RetentionNorm } from './retention/normalised.ts';
export { parallelRetention } from './retention/parallel.ts';
export { recurrentRetention } from './retention/recurrent.ts';
export { torchscaleChunkwise, torchscaleParallel } from './retention/torchscale.ts';
export { type RotaryPairs, retnetFrequencies, rotaryFrequencies, rotate, rotateState } from './rotary.ts';
export { type GateActivation, type GateParams, gate, project, select } from './selective-transition.ts';
export { softmax } from './softmax.ts';
