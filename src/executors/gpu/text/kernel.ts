/** @file Defines a kernel: its text for one element, and its workgroups on devices that have them. */

/** A kernel in WGSL, whose workgroups may share memory. On devices with workgroups it replaces the text. */
export interface Workgroup {
  /** Declarations and `main`, which may call `element(i)`, the kernel's text for element i. */
  readonly wgsl: string;
  readonly groups: readonly [number, number, number];
  /** Names of arguments, or `result`, that `wgsl` accesses as arrays of vec4. */
  readonly vec4Arrays?: readonly string[];
}

/** A kernel that computes `size` elements. Its text is a function in gpu.js's JavaScript that returns element `this.thread.x`. */
export interface Kernel {
  readonly text: string;
  readonly size: number;
  readonly workgroup: Workgroup | null;
}

/** A key that is equal for equal kernels. */
export const keyOf = ({ size, text, workgroup }: Kernel): string => `${size} ${text} ${workgroup?.wgsl ?? ''}`;

/** Compiles a kernel by gpu.js into a function of handles. */
export type KernelOf = (kernel: Kernel) => (...operands: unknown[]) => unknown;
