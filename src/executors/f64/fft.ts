/** @file Computes fast Fourier transforms (FFT) in place, for lengths that are powers of two. */

/** Tables for one length: bit-reversed positions, and twiddle factors `e^{−2πij/N}` for j < N/2. */
export interface FourierTable {
  readonly size: number;
  readonly reversed: Uint32Array;
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

const tables = new Map<number, FourierTable>();

/** Makes the tables for a length, which is a power of two. */
export function fourierTable(size: number): FourierTable {
  const known = tables.get(size);
  if (known !== undefined) return known;
  const reversed = new Uint32Array(size);
  for (let i = 1; i < size; i++) reversed[i] = (reversed[i >> 1]! >> 1) + (i & 1 ? size >> 1 : 0);
  const roots = Array.from({ length: size >> 1 }, (_, j) => rootAt(j / size));
  const table = {
    size,
    reversed,
    cos: Float64Array.from(roots, ([c]) => c),
    sin: Float64Array.from(roots, ([, s]) => -s),
  };
  tables.set(size, table);
  return table;
}

/** Cosine and sine of a fraction of a turn below ½. It reduces angles to at most π/4, where rounding them matters least. */
export function rootAt(part: number): readonly [number, number] {
  if (part > 1 / 4) {
    const [c, s] = rootAt(1 / 2 - part);
    return [-c, s];
  }
  if (part > 1 / 8) {
    const [c, s] = rootAt(1 / 4 - part);
    return [s, c];
  }
  return [Math.cos(2 * Math.PI * part), Math.sin(2 * Math.PI * part)];
}

/** Replaces x by `X_j = Σ_s x_s e^{−2πijs/N}` (Cooley and Tukey, radix 2). With re and im exchanged, it is N times the inverse. */
export function transform(re: Float64Array, im: Float64Array, { size, reversed, cos, sin }: FourierTable): void {
  for (let i = 0; i < size; i++) {
    const j = reversed[i]!;
    if (j <= i) continue;
    [re[i], re[j]] = [re[j]!, re[i]!];
    [im[i], im[j]] = [im[j]!, im[i]!];
  }
  for (let half = 1; half < size; half *= 2) {
    const step = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let j = 0; j < half; j++) {
        const [low, high] = [start + j, start + j + half];
        const [c, s] = [cos[j * step]!, sin[j * step]!];
        const [x, y] = [re[high]! * c - im[high]! * s, re[high]! * s + im[high]! * c];
        re[high] = re[low]! - x;
        im[high] = im[low]! - y;
        re[low]! += x;
        im[low]! += y;
      }
    }
  }
}
