/** @file Compiling equations for graphics cards, WebAssembly and plain JavaScript, through gpu.js. */
export type { CallInputs } from './call-inputs.ts';
export { type Compiled, type CompileOptions, compile, type KernelTime, type Profile, type Ran } from './compile.ts';
export type { Backend, Device } from './device.ts';
export type { Call, Work } from './launches.ts';
export type { Equation } from './program.ts';
export type { Tuning } from './target.ts';
export type { Slot } from './trace.ts';
