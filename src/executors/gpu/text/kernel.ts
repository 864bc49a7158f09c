/** @file A kernel: its text, and the workgroups that run it on devices that have them. */

/** How a group of threads computes results together, on devices that have workgroups: WGSL in place of the text. */
export interface Workgroup {
  /** Declarations and `main`; `element(i)` is the kernel's text at thread i where it is asked for. */
  readonly wgsl: string;
  readonly groups: readonly [number, number, number];
  /** Arrays, of the arguments or `result`, that are arrays of fours in `wgsl`. */
  readonly vectors?: readonly string[];
}

/** A kernel: a function's body in gpu.js's JavaScript, whose thread is `this.thread.x`, for `size` results. */
export interface Kernel {
  readonly text: string;
  readonly size: number;
  readonly workgroup: Workgroup | null;
}

/** What tells kernels apart. */
export const keyOf = ({ size, text, workgroup }: Kernel): string => `${size} ${text} ${workgroup?.wgsl ?? ''}`;

/** What gpu.js makes of a kernel, called with handles. */
export type KernelOf = (kernel: Kernel) => (...operands: unknown[]) => unknown;
