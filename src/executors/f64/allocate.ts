/** @file Room for numbers. Most arrays here are small, and a JavaScript engine makes a small buffer slowly. */

const slabBytes = 1 << 17;
/** From this many numbers on an array gets a buffer of its own: it would use up a slab, or keep one alive for little. */
export const large = 1024;
/** Up to this many numbers an engine keeps the array in its own heap, which is as quick. */
const tiny = 8;

// Where the next small array goes. Each place is given out once, so its numbers are still zeros.
let slab = new ArrayBuffer(slabBytes);
let used = 0;

/** An array of zeros. Small ones share a buffer, so `byteOffset` counts wherever `.buffer` is used. */
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
