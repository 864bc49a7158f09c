/** @file Weight decay of each parameter: parameter groups, by path and shape. */
import { filledLike } from '../tensor/operand.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import type { Shapes } from './flat.ts';

/** Weight decay λ: one number for all parameters, or a function of a parameter's path and shape. */
export type WeightDecay = number | ((path: string, shape: Shape) => number);

/** Fields that are matrices, and yet no map of channels: logarithms of the decays of a state space model. */
const noMaps = ['aLog'];

/**
 * Decays matrices, embeddings and convolutions included, and neither norms nor biases nor other lists, as nanoGPT's
 * `configure_optimizers` (dimension ≥ 2). `aLog`, though a matrix in Mamba, and D (`skip`) do not decay, as state-spaces/mamba marks
 * them `_no_weight_decay`. Fairseq, which the released recipe uses, decays all parameters: that is a plain number.
 * @example
 * Object.entries({ head: [5, 4], finalNorm: [4], 'layers.0.aLog': [8, 2] }).map(([p, s]) => decayMatrices(0.1)(p, s)) // [0.1, 0, 0]
 */
export const decayMatrices =
  (decay: number) =>
  (path: string, shape: Shape): number =>
    shape.length >= 2 && !noMaps.some((field) => path === field || path.endsWith(`.${field}`)) ? decay : 0;

/** Weight decays of the list of all parameters: a number if they are equal, else [P] on the executor of `list`. */
export function flatDecay(list: Value, shapes: Shapes, decay: WeightDecay): number | Value {
  if (typeof decay === 'number') return decay;
  const runs: { decay: number; size: number }[] = [];
  for (const [path, shape] of Object.entries(shapes)) {
    const own = decay(path, shape);
    const last = runs.at(-1);
    if (last?.decay === own) last.size += sizeOf(shape);
    else runs.push({ decay: own, size: sizeOf(shape) });
  }
  if (runs.length < 2) return runs[0]?.decay ?? 0;
  return concat(
    runs.map((run) => filledLike(list, run.decay, [run.size])),
    0,
  );
}
