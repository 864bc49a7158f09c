/** @file Exports training: optimizer, clipping, schedule, and whole training steps as one function of values. */
export { type AdamW, type AdamWState, adamW, type StepFactors, stepFactors } from './adamw.ts';
export { type Clipped, clipByGlobalNorm, clipped, globalNorm, squaredNorm } from './clip.ts';
export { decayMatrices, type WeightDecay } from './decay.ts';
export { flattenExactly, flattenParams, type Shapes, sizeOfAll, unflatten } from './flat.ts';
export { type LanguageBatch, languageTraining, targetsOf, type WeightedTargets } from './language-model.ts';
export { paperDecay, paperOptimizer } from './recipe.ts';
export { cosineDecay, type Decay, type PolynomialDecay, polynomialDecay, type Schedule } from './schedule.ts';
export { type BatchSlot, factorsOf, type StepSlot, type Steps, type Training, trainingSteps } from './steps.ts';
