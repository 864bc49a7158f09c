/** @file Describes devices to the stages that write kernels: limits, costs and tuning. */

/** The backends of gpu.js in use: a graphics card, WebAssembly, plain JavaScript. */
export type Backend = 'webgpu' | 'webasm' | 'cpu';

/** How an elementwise kernel is divided: invocations per workgroup, and elements per invocation. */
export interface Spreading {
  readonly threads: number;
  readonly each: number;
}

/** The sizes of a tile of a matrix product, and measured times of its kernel. */
export interface TileShape {
  /** Rows, columns and depth of a tile. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Rows and columns of the block of results of one invocation, multiples of 4. */
  readonly threadM: number;
  readonly threadN: number;
  /** Whether the loop over the depth of a tile is unrolled, from which large blocks gain. */
  readonly unrolled: boolean;
  /** Workgroups that run on one multiprocessor at a time. */
  readonly together: number;
  /** Microseconds of an empty kernel, of a step along k by one workgroup, and of a step by all workgroups of a multiprocessor. */
  readonly start: number;
  readonly step: number;
  readonly steps: number;
}

/** The properties of a device on which the choice of kernels depends. */
export interface Target {
  /** Whether kernels may be written in WGSL, with memory shared within a workgroup. */
  readonly workgroups: boolean;
  /** Cost of one extra kernel launch, in bytes of memory traffic. Below it, recomputing is cheaper than storing. */
  readonly launchBytes: number;
  /** Cost of one unit of work (work.ts) per element, in bytes of memory traffic. */
  readonly workBytes: number;
  /** Most arrays that a kernel reads: one less than the buffers that it may bind. */
  readonly mostArrays: number;
  /** Largest size of a fused expression: its reads, 1 each, and its work. */
  readonly mostWork: number;
  /** Most bytes of one array. */
  readonly arrayBytes: number;
  /** Most bytes of all arrays together. */
  readonly totalBytes: number;
  /** Bytes of memory that a workgroup shares. */
  readonly workgroupBytes: number;
  /** The tiles of matrix products, and the number of parts of their sum (split-K), to choose from; all unless given. */
  readonly tiles?: readonly TileShape[];
  readonly splits?: number;
  /** How elementwise kernels are divided. */
  readonly spreading?: Spreading;
}

/** Most elements of an array: kernels compute offsets in f32, which is exact up to here. */
export const mostElements = 2 ** 24;

/** Most elements of an array on a device. */
export const mostElementsOn = ({ arrayBytes }: Target): number => Math.min(mostElements, Math.floor(arrayBytes / 4));

/** Most workgroups of a kernel along each of three dimensions: the least that WebGPU guarantees. */
export const mostWorkgroups = 65535;

/** Choices that benchmarks compare. Only speed depends on them. */
export interface Tuning {
  readonly launchBytes?: number;
  readonly mostWork?: number;
  readonly tiles?: readonly TileShape[];
  readonly splits?: number;
  readonly spreading?: Spreading;
  /** Kernels that are submitted to the device at a time; 0 leaves submission to gpu.js. */
  readonly kernelsAtOnce?: number;
}

// a kernel binds at most 8 buffers, one of which is its result
const plain = { workgroups: false, mostArrays: 7, totalBytes: Number.POSITIVE_INFINITY };

/**
 * In JavaScript and WebAssembly a launch is cheap and compiling text is expensive, so fused expressions stay short. A function
 * such as exp, whose text is long, gets a kernel of its own, compiled once for all arrays of a size.
 */
const host = { ...plain, launchBytes: 16e3, workBytes: 4, mostWork: 6, arrayBytes: 2 ** 30, workgroupBytes: 0 };

/** The targets without workgroups. */
export const targets: { readonly [B in Backend]: Target } = {
  webgpu: { ...plain, launchBytes: 9e6, workBytes: 0.25, mostWork: 80, arrayBytes: 2 ** 27, workgroupBytes: 16384 },
  // one memory with 32-bit addresses
  webasm: { ...host, totalBytes: 2 ** 32 - 2 ** 26 },
  cpu: host,
};
