/** @file Exports language models: functions of plain records, with explicit states. */
export { type BatchModelResult, forwardBatch } from './batch.ts';
export { type DenseMambaLayer, type DenseMambaParams, denseMamba, denseMambaAdmits } from './dense-mamba.ts';
export { type DenseMambaConfig, type DenseMambaReadings, denseMambaConfig, paperStates } from './dense-mamba-config.ts';
export { type DenseRetNetLayer, type DenseRetNetParams, denseRetNet } from './dense-retnet.ts';
export {
  authorsReadings,
  type DenseRetNetConfig,
  type DenseRetNetReadings,
  denseRetNetConfig,
  paperReadings,
} from './dense-retnet-config.ts';
export {
  type DenseSsmConfig,
  type DenseSsmLayer,
  type DenseSsmParams,
  type DenseSsmResult,
  denseSsmAdmits,
  denseSsmConfig,
  denseSsmStack,
} from './dense-ssm.ts';
export {
  type FeatureConnection,
  type FeatureFusions,
  type FeatureReadings,
  paperFeatureReadings,
} from './feature-fusion.ts';
export {
  denseGatedDeltaNet,
  type GatedDeltaNetConfig,
  type GatedDeltaNetLayer,
  type GatedDeltaNetLayerState,
  gatedDeltaNet,
  gatedDeltaNetConfig,
} from './gated-delta-net.ts';
export { type GenerateOptions, generate, generating } from './generate.ts';
export { denseGla, type GlaConfig, type GlaLayer, type GlaLayerState, gla, glaConfig } from './gla.ts';
export {
  checkParameters,
  countParameters,
  type Drop,
  initialise,
  type LanguageModel,
  type ModelResult,
  type ModelState,
  type Parametrised,
} from './language-model.ts';
export {
  type DenseStackConfig,
  denseStackConfig,
  type StackConfig,
  type StackLayer,
  type StackParams,
} from './language-stack.ts';
export { type MambaParams, mamba } from './mamba.ts';
export type { MambaLayer, MambaLayerState } from './mamba-block.ts';
export { type MambaConfig, mambaConfig } from './mamba-config.ts';
export {
  denseMamba2,
  type Mamba2Config,
  type Mamba2Layer,
  type Mamba2LayerState,
  mamba2,
  mamba2Config,
} from './mamba2.ts';
export { type EqualWidthOptions, equalWidth, type Preset, type PresetSizes, presets, type Sizable } from './presets.ts';
export { type RetNetConfig, type RetNetParams, retNet } from './retnet.ts';
export { type Candidate, candidatesOf, pickToken, type Sampling } from './sampling.ts';
export {
  type TransformerConfig,
  type TransformerLayer,
  type TransformerParams,
  type TransformerState,
  transformer,
  transformerConfig,
} from './transformer.ts';
