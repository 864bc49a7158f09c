/** @file What a rule must know of the device that kernels are made for. */

/** The backends of gpu.js that are used: a graphics card, WebAssembly, plain JavaScript. */
export type Backend = 'webgpu' | 'webasm' | 'cpu';

/** How a kernel of a thread a number is written for groups: threads of a group, and numbers of a thread. */
export interface Spreading {
  readonly threads: number;
  readonly each: number;
}

/** Sizes of a tile, and how its kernel is written. */
export interface TileShape {
  /** Rows, columns and products of a tile. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Rows and columns of results of a thread, multiples of 4. */
  readonly threadM: number;
  readonly threadN: number;
  /** Whether the products of a tile are written out one after another, which large blocks of a thread gain from. */
  readonly unrolled: boolean;
  /** Groups that a processor has at a time. */
  readonly together: number;
  /** Microseconds of a kernel that does nothing, of a step along k, and of a step of all groups of a processor. */
  readonly start: number;
  readonly step: number;
  readonly steps: number;
}

/** A device, as far as the choice of kernels is concerned. */
export interface Target {
  /** Whether kernels can be given as WGSL, with memory that a group of threads shares. */
  readonly workgroups: boolean;
  /** How many bytes are moved in the time that a further kernel takes: evaluating twice is cheaper below. */
  readonly launchBytes: number;
  /** How many bytes are read in the time that a unit of work takes, for each number; as much as a sigmoid is 4 units. */
  readonly workBytes: number;
  /** How many arrays a kernel can read: one less than the buffers that it may bind. */
  readonly mostArrays: number;
  /** How large an expression may grow, in reads and operations. */
  readonly mostWork: number;
  /** Largest array, in bytes. */
  readonly arrayBytes: number;
  /** What all arrays may take together, in bytes. */
  readonly totalBytes: number;
  /** Bytes that a group of threads may share. */
  readonly groupBytes: number;
  /** The tiles of matrix products to choose from, and parts of the sum; all unless given. */
  readonly tiles?: readonly TileShape[];
  readonly splits?: number;
  /** How kernels of a thread a number are written for groups. */
  readonly spreading?: Spreading;
}

/** Largest number of elements of an array: kernels compute offsets in f32, which is exact so far. */
export const mostElements = 2 ** 24;

/** How many numbers an array may hold on a device. */
export const mostNumbers = ({ arrayBytes }: Target): number => Math.min(mostElements, Math.floor(arrayBytes / 4));

/** How many groups of threads a kernel may have along each of three directions: WebGPU's least. */
export const mostGroups = 65535;

/** Choices that benchmarks compare; nothing but speed depends on them. */
export interface Tuning {
  readonly launchBytes?: number;
  readonly mostWork?: number;
  readonly tiles?: readonly TileShape[];
  readonly splits?: number;
  readonly spreading?: Spreading;
  /** Kernels that are handed to the device at a time; 0 leaves that to gpu.js. */
  readonly kernelsAtOnce?: number;
}

// a device binds 8 buffers, one of which is the result
const plain = { workgroups: false, mostArrays: 7, totalBytes: Number.POSITIVE_INFINITY };

/**
 * Where kernels run in JavaScript or WebAssembly a call is cheap and text is dear, so expressions are short: a function such as exp,
 * whose text is long, has a kernel of its own, compiled once for all arrays of a size.
 */
const host = { ...plain, launchBytes: 16e3, workBytes: 4, mostWork: 6, arrayBytes: 2 ** 30, groupBytes: 0 };

/** The targets without workgroups. */
export const targets: { readonly [B in Backend]: Target } = {
  webgpu: { ...plain, launchBytes: 9e6, workBytes: 0.25, mostWork: 80, arrayBytes: 2 ** 27, groupBytes: 16384 },
  // one memory of 32-bit addresses
  webasm: { ...host, totalBytes: 2 ** 32 - 2 ** 26 },
  cpu: host,
};
