/** @file Allocates arrays of zeros. Small ones share a buffer, as JavaScript engines are slow to make small buffers. */

const slabBytes = 1 << 17;
/** Arrays of more numbers than this get a buffer of their own: each would use up a slab. */
export const large = 1024;
/** Arrays of up to this many numbers live in the engine's own heap, which is as fast. */
const tiny = 8;

// Every part of a slab is handed out once, so its numbers are still zeros.
let slab = new ArrayBuffer(slabBytes);
let used = 0;

/** An array of zeros. Small arrays share a buffer: mind `byteOffset` where you use `.buffer`. */
export function zeros(length: number): Float64Array {
  if (length <= tiny || length > large) return new Float64Array(length);
  const bytes = length * 8;
  if (used + bytes > slabBytes) {
    slab = new ArrayBuffer(slabBytes);
    used = 0;
  }
  const array = new Float64Array(slab, used, length);
  used += bytes;
  return array;
}
