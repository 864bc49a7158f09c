/** @file Training: optimizer, clipping, schedule, and whole steps as one function of values. */
export { type AdamW, type AdamWState, adamW, type StepFactors, stepFactors } from './adamw.ts';
export { clipByGlobalNorm, squaredNorm } from './clip.ts';
export { type Shapes, sizeOfAll, unflatten } from './flat.ts';
export { type PolynomialDecay, polynomialDecay } from './schedule.ts';
export { type BatchSlot, factorsOf, type Steps, type Training, trainingSteps } from './steps.ts';
