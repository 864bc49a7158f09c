/** @file Allocates arrays of zeros. Small arrays share a buffer, as JavaScript engines allocate small buffers slowly. */

/** Arrays of numbers that rules compute with. Each rule computes in double precision and rounds what it stores. */
export type Numbers = Float32Array | Float64Array;

const slabBytes = 1 << 17;
/** Longer arrays get a buffer of their own, as each would fill a slab. */
export const large = 1024;
/** Arrays of at most this length are on the heap of the engine, which is equally fast. */
const tiny = 8;

// Every part of a slab is used once, so it still holds zeros.
let slab = new ArrayBuffer(slabBytes);
let used = 0;

/** The size of a block of temporary arrays, and the most blocks that are kept for the next computation. */
const blockBytes = 1 << 20;
const mostBlocks = 32;
/** Blocks for temporary arrays, the one in use and how much of it, and whether arrays are temporary now. */
const blocks: ArrayBuffer[] = [];
let [block, filled, isTemporary] = [0, 0, false];

/**
 * Computes with arrays that the next such computation uses again, as fresh memory and its collection take longer than the rules. No array that
 * a rule made may outlive `compute`: return copies.
 */
export function temporarily<T>(compute: () => T): T {
  if (isTemporary) return compute();
  isTemporary = true;
  try {
    return compute();
  } finally {
    [block, filled, isTemporary] = [0, 0, false];
  }
}

/** Returns temporary zeros; null if the array is long or the blocks are full. */
function temporaryZeros(length: number): Float64Array | null {
  const bytes = 8 * length;
  if (filled + bytes > blockBytes) {
    if (bytes > blockBytes || block + 1 >= mostBlocks) return null;
    block++;
    filled = 0;
  }
  blocks[block] ??= new ArrayBuffer(blockBytes);
  const out = new Float64Array(blocks[block]!, filled, length);
  filled += bytes;
  return out.fill(0);
}

/** Returns an array of zeros. Small arrays share a buffer: use `byteOffset` together with `.buffer`. */
export function zeros(length: number): Float64Array {
  if (length <= tiny) return new Float64Array(length);
  const temporary = isTemporary ? temporaryZeros(length) : null;
  if (temporary !== null) return temporary;
  if (length > large) return new Float64Array(length);
  const at = reserve(length * 8);
  return new Float64Array(slab, at, length);
}

/** Returns an array of zeros of the same type as `x`. */
export const zerosLike = <A extends Numbers>(x: A, length: number): A =>
  (x.BYTES_PER_ELEMENT === 8 ? zeros(length) : singleZeros(length)) as A;

function singleZeros(length: number): Float32Array {
  if (length <= tiny || length > large) return new Float32Array(length);
  const at = reserve(length * 8);
  return new Float32Array(slab, at, length);
}

/** Reserves bytes of the slab, a multiple of 8, and returns where they begin. */
function reserve(bytes: number): number {
  if (used + bytes > slabBytes) {
    slab = new ArrayBuffer(slabBytes);
    used = 0;
  }
  used += bytes;
  return used - bytes;
}
