/**
 * @file Root-mean-square norm. Not numbered in the paper. Evidence [C]. With a gate, as in Mamba-2, [T]: state-spaces/mamba,
 * `rms_norm_ref` of mamba_ssm/ops/triton/layernorm_gated.py at commit e9594ce.
 */
import { hadamard, type Matrix, scale, silu, sum, type Vector } from './notation.ts';

/**
 * rms(x; w)_c = w_c x_c / sqrt(mean_c(x_c²) + ε). It subtracts no mean and adds no bias, and ε is inside the root.
 * Evidence [C]. Without a weight (null), w is all ones.
 * Shapes: x [w], weight [w], result [w].
 */
export function rmsNorm(x: Vector, weight: Vector | null, epsilon: number): Vector {
  const meanSquare = sum(0, x.length - 1, (c) => x[c]! * x[c]!) / x.length;
  const normed = scale(1 / Math.sqrt(meanSquare + epsilon), x);
  return weight === null ? normed : hadamard(weight, normed);
}

/** Applies {@link rmsNorm} to every row. */
export function rmsNormRows(x: Matrix, weight: Vector | null, epsilon: number): Matrix {
  return x.map((row) => rmsNorm(row, weight, epsilon));
}

/**
 * The norm of each of `groups` groups of neighbouring channels, and a gate: rms(x ⊙ silu(z)) ⊙ w, or, if `normBeforeGate`, rms(x) ⊙ w ⊙ silu(z).
 * Evidence [T]. Shapes: x [w], z [w], weight [w], result [w].
 */
export function gatedRmsNorm(
  x: Vector,
  z: Vector,
  weight: Vector,
  { epsilon, groups, normBeforeGate }: { epsilon: number; groups: number; normBeforeGate: boolean },
): Vector {
  const width = x.length / groups;
  const gates = z.map(silu);
  const inner = normBeforeGate ? x : hadamard(x, gates);
  const normed = Array.from({ length: groups }, (_, g) =>
    rmsNorm(inner.slice(g * width, (g + 1) * width), null, epsilon),
  ).flat();
  const weighted = hadamard(weight, normed);
  return normBeforeGate ? hadamard(weighted, gates) : weighted;
}
