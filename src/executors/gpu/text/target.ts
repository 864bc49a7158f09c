/** @file Describes devices to the stages that write kernels: limits, costs and tuning. */

/** Backends: WebAssembly by kernels of our own, and those of gpu.js: a graphics card, WebAssembly, plain JavaScript. */
export type Backend = 'webgpu' | 'wasm' | 'webasm' | 'cpu';

/** The division of an elementwise kernel: invocations per workgroup, and elements per invocation. */
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
  /** Rows and columns of the results of one invocation: multiples of 4. */
  readonly threadM: number;
  readonly threadN: number;
  /** Rows of blocks that 32 neighbouring invocations compute, with 32 / `lanes` columns. Without it, they compute whole rows of them. */
  readonly lanes?: number;
  /** Whether the loop over the depth of a tile is unrolled, which is faster for large blocks. */
  readonly unrolled: boolean;
  /** Number of workgroups that run on one multiprocessor at a time. */
  readonly together: number;
  /** Microseconds of an empty kernel, of one step along k by one workgroup, and of one step by all workgroups of a multiprocessor. */
  readonly start: number;
  readonly step: number;
  readonly steps: number;
}

/** Properties of a device that determine the choice of kernels. */
export interface Target {
  /** Whether kernels may be written in WGSL, with memory shared within a workgroup. */
  readonly workgroups: boolean;
  /** Whether the device has routines for matrix products and scans, and can call the functions of natives.ts. */
  readonly routines: boolean;
  /** Cost of one more kernel launch, in bytes of memory traffic. Recomputing is cheaper than storing if it costs less. */
  readonly launchBytes: number;
  /** Programs whose arrays take fewer bytes are traced once, as they run in less time than one more trace takes. */
  readonly smallBytes: number;
  /** Cost of one unit of work (work.ts) per element, in bytes of memory traffic. */
  readonly workBytes: number;
  /** Most arrays that a kernel reads: one less than the buffers that it may bind, as one is the result. */
  readonly mostArrays: number;
  /** Largest size of a fused expression: its reads, 1 each, and its work. */
  readonly mostWork: number;
  /** Most bytes of one array. */
  readonly arrayBytes: number;
  /** Most bytes of all arrays in total. */
  readonly totalBytes: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
  /** Allowed tiles of matrix products, and allowed numbers of parts of the sum (split-K). All unless given. */
  readonly tiles?: readonly TileShape[];
  readonly splits?: number;
  /** Division of elementwise kernels. */
  readonly spreading?: Spreading;
}

/** Whether kernels are translated by densessm: they compute positions as integers, and may call the functions of natives.ts. */
export const hasNatives = ({ workgroups, routines }: Target): boolean => workgroups || routines;

/** Most elements of an array that kernels of gpu.js address. They compute positions in f32, which has all integers up to this one. */
export const mostInSingle = 2 ** 24;

/** Most elements of an array on a device. */
export const mostElementsOn = (target: Target): number =>
  Math.min(hasNatives(target) ? 2 ** 31 - 1 : mostInSingle, Math.floor(target.arrayBytes / 4));

/** Most workgroups of a kernel along each of three dimensions, as guaranteed by WebGPU. */
export const mostWorkgroups = 65535;

/** Choices for benchmarks to compare. They affect only speed. */
export interface Tuning {
  readonly launchBytes?: number;
  readonly mostWork?: number;
  readonly tiles?: readonly TileShape[];
  readonly splits?: number;
  readonly spreading?: Spreading;
  /** Number of kernels in a submission. With 0, gpu.js submits them. */
  readonly kernelsAtOnce?: number;
}

// a kernel binds at most 8 buffers: one is the result
const plain = {
  workgroups: false,
  routines: false,
  smallBytes: 0,
  mostArrays: 7,
  totalBytes: Number.POSITIVE_INFINITY,
};

/**
 * Costs in JavaScript and WebAssembly. A launch is cheap and compiling text is expensive, so fused expressions are short. A function
 * with a long text, such as exp, is a kernel of its own, compiled once for all arrays of a size.
 */
const host = { ...plain, launchBytes: 16e3, workBytes: 4, mostWork: 6, arrayBytes: 2 ** 30, workgroupBytes: 0 };

/** Targets without workgroups, by backend. */
export const targets: { readonly [B in Backend]: Target } = {
  webgpu: { ...plain, launchBytes: 9e6, workBytes: 0.25, mostWork: 80, arrayBytes: 2 ** 27, workgroupBytes: 16384 },
  // expressions are read from the cache, and any number of arrays can be read
  wasm: {
    ...plain,
    routines: true,
    smallBytes: 2 ** 18,
    mostArrays: 24,
    launchBytes: 16e3,
    workBytes: 2,
    mostWork: 60,
    arrayBytes: 2 ** 30,
    totalBytes: 2 ** 31 - 2 ** 26,
    workgroupBytes: 0,
  },
  // all arrays are in one memory with 32-bit addresses
  webasm: { ...host, totalBytes: 2 ** 32 - 2 ** 26 },
  cpu: host,
};
