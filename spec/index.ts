/** @file The specification: every definition, the equation registry and the open readings. */
export * from './15-selective-transition.ts';
export * from './18-dense-fusion.ts';
export * from './19-retention.ts';
export * from './21-dense-keys-and-values.ts';
export * from './25-dense-retention.ts';
export * from './dense-retnet.ts';
export * from './language-model.ts';
export * from './multi-scale-retention.ts';
export * from './normalised-retention.ts';
export * from './notation.ts';
export * from './readings.ts';
export * from './registry.ts';
export * from './retnet.ts';
export * from './rms-norm.ts';
export * from './rotary.ts';
