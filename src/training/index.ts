/**
 * @file Exports training: optimizer, clipping, schedules, whole training steps as one function of values, and a loop that reports events.
 */
export { type AdamW, type AdamWState, adamW, type StepFactors, stepFactors } from './adamw.ts';
export { type Clipped, clipByGlobalNorm, clipped, globalNorm, squaredNorm } from './clip.ts';
export {
  ignoredLabel,
  type Rows,
  randomWindows,
  type Source,
  splitTokens,
  type Tokens,
  type TrainingData,
  windowsInOrder,
} from './data.ts';
export { decayMatrices, type WeightDecay } from './decay.ts';
export { type Dropout, maskRows } from './dropout.ts';
export { flattenExactly, flattenParams, type Shapes, sizeOfAll, unflatten } from './flat.ts';
export { type LanguageBatch, languageTraining, targetsOf, type WeightedTargets } from './language-model.ts';
export { describeNotFinite, firstNotFinite, type NotFinite } from './not-finite.ts';
export {
  type CompiledProgram,
  type EagerProgram,
  eager,
  type Numbers,
  type ProgramOptions,
  type RunsOn,
} from './program.ts';
export { paperDecay, paperOptimizer } from './recipe.ts';
export { defaultOptimizer, type RunSettings, type RunState, startOfRun } from './run-settings.ts';
export { cosineDecay, type Decay, type PolynomialDecay, polynomialDecay, type Schedule } from './schedule.ts';
export { type BatchSlot, factorsOf, type StepSlot, type Steps, type Training, trainingSteps } from './steps.ts';
export { stories } from './stories.ts';
export {
  type Accuracy,
  accuracyOf,
  measureAccuracy,
  mostProbable,
  type Task,
  type TaskProblem,
  type TaskSetting,
  taskNamed,
  tasks,
} from './tasks/index.ts';
export {
  type BeginEvent,
  type CheckpointEvent,
  type NotFiniteEvent,
  type StepEvent,
  type TrainEvent,
  type TrainOptions,
  train,
  type ValidationEvent,
} from './train.ts';
export type { Validation } from './validation.ts';
export {
  byteVocabulary,
  characterVocabulary,
  decode,
  encode,
  type Vocabulary,
  vocabularySize,
} from './vocabulary.ts';
