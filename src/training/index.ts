/** @file Exports training: optimizer, clipping, schedule, and whole training steps as one function of values. */
export { type AdamW, type AdamWState, adamW, type StepFactors, stepFactors } from './adamw.ts';
export { clipByGlobalNorm, squaredNorm } from './clip.ts';
export { flattenParams, type Shapes, sizeOfAll, unflatten } from './flat.ts';
export { type LanguageBatch, languageTraining } from './language-model.ts';
export { type PolynomialDecay, polynomialDecay } from './schedule.ts';
export { type BatchSlot, factorsOf, type Steps, type Training, trainingSteps } from './steps.ts';
