/** @file Exports training: optimizer, clipping, schedule, and whole training steps as one function of values. */
export { type AdamW, type AdamWState, adamW, type StepFactors, stepFactors } from './adamw.ts';
export { type Clipped, clipByGlobalNorm, clipped, globalNorm, squaredNorm } from './clip.ts';
export { flattenExactly, flattenParams, type Shapes, sizeOfAll, unflatten } from './flat.ts';
export { type LanguageBatch, languageTraining } from './language-model.ts';
export { cosineDecay, type Decay, type PolynomialDecay, polynomialDecay, type Schedule } from './schedule.ts';
export { type BatchSlot, factorsOf, type Steps, type Training, trainingSteps } from './steps.ts';
