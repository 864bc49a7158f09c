/** @file Compiles equations for graphics cards, WebAssembly and plain JavaScript, through gpu.js. */
export type { CallInputs } from './call-inputs.ts';
export { type Compiled, type CompileOptions, compile, type KernelTime, type Profile, type Ran } from './compile.ts';
export type { Device } from './device/device.ts';
export type { Call, Work } from './fusion/schedule.ts';
export type { Backend, Tuning } from './text/target.ts';
export type { Equation } from './trace/program.ts';
export type { Slot } from './trace/trace.ts';
