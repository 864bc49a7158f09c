/** @file Runs modules: memory, compilation and calls, where the machine has WebAssembly with SIMD. */

/** Memory that modules share with JavaScript. Its buffer is a new one whenever it grows. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KiB. */
  grow(pages: number): number;
}

interface Platform {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (limits: { initial: number; maximum?: number; shared?: boolean }) => Memory;
}

const platform = (globalThis as { readonly WebAssembly?: Platform }).WebAssembly;

/** Functions of a module. Addresses and counts are numbers. */
export type Exports<N extends string> = Readonly<Record<N, (...args: number[]) => number>>;

/** A module with one function that makes a vector: engines without SIMD refuse it. */
const oneVector = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0],
  ...[10, 8, 1, 6, 0, 0x41, 0, 0xfd, 0x0f, 0x0b],
);

/** Whether the machine has WebAssembly with SIMD, and the page may compile it: its content security policy may forbid that. */
export const hasSimd: boolean = compiles(oneVector);

function compiles(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    return new (required().Module)(bytes) !== null;
  } catch {
    return false;
  }
}

/** Makes memory of some pages of 64 KiB. */
export const newMemory = (pages: number): Memory => new (required().Memory)({ initial: pages });

/** Makes memory of some pages that threads share. It does not grow. */
export const newSharedMemory = (pages: number): Memory =>
  new (required().Memory)({ initial: pages, maximum: pages, shared: true });

/** A compiled module, which threads can be sent. */
export interface Compiled<N extends string> {
  readonly module: object;
  /** Gives it memory. */
  instantiate(memory: Memory): Exports<N>;
}

/** Compiles a module at once. Browsers refuse to compile more than 8 MB at once on their main thread. */
export function compile<N extends string>(bytes: Uint8Array<ArrayBuffer>): Compiled<N> {
  const { Module, Instance } = required();
  const module = new Module(bytes);
  return { module, instantiate: (memory) => new Instance(module, { js: { memory } }).exports as Exports<N> };
}

/** Compiles a module and gives it memory. */
export const instantiate = <N extends string>(bytes: Uint8Array<ArrayBuffer>, memory: Memory): Exports<N> =>
  compile<N>(bytes).instantiate(memory);

function required(): Platform {
  if (platform === undefined) throw new Error('this machine has no WebAssembly');
  return platform;
}
