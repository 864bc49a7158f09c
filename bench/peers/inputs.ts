/** @file Inputs of the works that `bench/peers.ts` compares, the same in every library. */

/** Numbers from -1 to 1 by the Park-Miller generator, the same in every language. */
export function drawn(size: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: size }, () => {
    state = (state * 16807) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  });
}

/** The shape [b, h, t, d] of queries, keys and values of retention. */
export const retentionShape: readonly number[] = [1, 4, 512, 64];

/** The factor γ of each head of retention. */
export const decays: readonly number[] = Array.from({ length: 4 }, (_, i) => 1 - 2 ** (-5 - i));

/** Queries, keys and values of retention. */
export const retentionInputs = (): Float64Array[] => [3, 4, 5].map((seed) => drawn(4 * 512 * 64, seed));

/** The decay matrix [h, t, s] of retention: γ^(t−s), and 0 above the diagonal. */
export function decayMatrix(): Float64Array {
  const t = retentionShape[2]!;
  const at = (gamma: number, i: number, j: number): number => (j > i ? 0 : gamma ** (i - j));
  return Float64Array.from({ length: decays.length * t * t }, (_, k) =>
    at(decays[Math.floor(k / (t * t))]!, Math.floor(k / t) % t, k % t),
  );
}

/** The shape [t, channels] of the scan. */
export const scanShape: readonly number[] = [2048, 256];

/** The decays, from 0.5 to 1, and inputs of the scan. */
export function scanInputs(): Float64Array[] {
  const size = 2048 * 256;
  return [drawn(size, 6).map((x) => 0.75 + x / 4), drawn(size, 7)];
}

/**
 * The training step: a network 256-1024-256 with a sigmoid, the sum of squared errors over 64 rows, and Adam in the middle of its run
 * (no bias correction). The result has the new weights and then the new means of gradients.
 */
export const adam = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** The training step's inputs, each with its shape. Squares start away from 0, where Adam's step jumps. */
export function trainingInputs(): (readonly [numbers: Float64Array, shape: readonly number[]])[] {
  const weights = 256 * 1024;
  const rows = [8, 9].map((seed) => [drawn(64 * 256, seed), [64, 256]] as const);
  const each = (map: (x: number) => number, seed: number) =>
    [
      [drawn(weights, seed).map(map), [256, 1024]],
      [drawn(weights, seed + 1).map(map), [1024, 256]],
    ] as const;
  return [...rows, ...each((x) => x / 16, 10), ...each((x) => x / 8, 12), ...each((x) => 0.02 + x / 64, 14)];
}
