/** @file Retention over several heads, each with its own decay, for DenseRetNet and RetNet. Evidence [C]. */
import type { Retain } from './normalised-retention.ts';
import { columns, given, type Matrix, type Vector, vector } from './notation.ts';
import { rmsNormRows } from './rms-norm.ts';
import { rotate } from './rotary.ts';

/** γ_a = 1 - 2^{-5-a} for head a = 0, 1, …, for any number of heads. Evidence [C]. Shapes: result [h]. */
export function decays(heads: number): Vector {
  return vector(heads, (a) => 1 - 2 ** (-5 - a));
}

/** Slices the channels of head a. Heads are one after another. Shapes: x [t][h·c], result [t][c]. */
export function headChannels(x: Matrix, a: number, heads: number): Matrix {
  const width = columns(x) / heads;
  if (!Number.isInteger(width))
    throw new Error(`headChannels: ${columns(x)} channels for ${heads} heads; give a multiple`);
  return x.map((row) => row.slice(a * width, (a + 1) * width));
}

/** The norm of each head. All heads share one weight [e], or have none. */
export interface GroupNorm {
  readonly heads: number;
  readonly weight: Vector | null;
  readonly epsilon: number;
}

/**
 * For each head a: rms(retain(rot(q), rot(k), v; γ_a)). Queries and keys of token p are rotated by p. Outputs of heads are concatenated.
 * Evidence [C].
 * Shapes: q [t][h·d], k [t][h·d], v [t][h·e], result [t][h·e].
 */
export function multiScaleRetention(q: Matrix, k: Matrix, v: Matrix, norm: GroupNorm, retain: Retain): Matrix {
  const perHead = decays(norm.heads).map((gamma, a) => {
    const rotated = (x: Matrix) => headChannels(x, a, norm.heads).map((row, p) => rotate(row, p));
    const o = retain(rotated(q), rotated(k), headChannels(v, a, norm.heads), gamma);
    return rmsNormRows(o, norm.weight, norm.epsilon);
  });
  return q.map((_, t) => perHead.flatMap((rows) => given(rows[t], `row ${t} of retain's result`)));
}
