/** @file Defines a kernel: its text for one element, and other ways to compute the same on devices that have them. */
import type { Axis } from './places.ts';

/** A kernel in WGSL, whose workgroups may share memory. On devices with workgroups it replaces the text. */
export interface Workgroup {
  /** Declarations and `main`, which may call `element(i)`, the kernel's text for element i. */
  readonly wgsl: string;
  readonly groups: readonly [number, number, number];
  /** Names of arguments, or `result`, that `wgsl` accesses as arrays of vec4. */
  readonly vec4Arrays?: readonly string[];
}

/** What a kernel computes, for devices that have a routine for it. */
export type Routine = ProductRoutine | ScanRoutine | ScatterRoutine;

/** `Σ_k a[batch, row, k] b[batch, k, column]` of strided arrays that begin at `starts`. Axes have strides in a, b and the result. */
export interface ProductRoutine {
  readonly is: 'product';
  readonly batch: readonly Axis[];
  readonly rows: Axis;
  readonly columns: Axis;
  readonly summed: Axis;
  readonly starts: readonly [number, number];
}

/** `h_t = a_t h_{t−1} + b_t` for `outer` blocks of `length` tokens of `inner` channels, from the last token on if `reverse`. */
export interface ScanRoutine {
  readonly is: 'scan';
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly reverse: boolean;
}

/** Adds `perBatch` rows of `width` numbers, each to the row of the result that its index names, for each batch. */
export interface ScatterRoutine {
  readonly is: 'scatter';
  readonly batches: number;
  readonly rows: number;
  readonly perBatch: number;
  readonly width: number;
}

/** A kernel that computes `size` elements. Its text is a function in gpu.js's JavaScript that returns element `this.thread.x`. */
export interface Kernel {
  readonly text: string;
  readonly size: number;
  readonly workgroup: Workgroup | null;
  readonly routine: Routine | null;
}

/** A key that is equal for equal kernels. */
export const keyOf = ({ size, text, workgroup }: Kernel): string => `${size} ${text} ${workgroup?.wgsl ?? ''}`;

/** Compiles a kernel by gpu.js into a function of handles. */
export type KernelOf = (kernel: Kernel) => (...operands: unknown[]) => unknown;
