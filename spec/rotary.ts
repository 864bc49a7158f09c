/** @file Rotary positions of the released code and of torchscale. Not numbered in the paper. [C] */
import { type Vector, vector } from './notation.ts';

/**
 * θ_j = 10000^{-j/(P-1)} for the P = d/2 pairs of a head, j = 0 … P-1; θ_0 = 1 when P = 1.
 * Evidence [C]. The usual rotary embedding divides by P instead: there θ_{P-1} is not 1/10000.
 * Shapes: result [d/2].
 */
export function rotaryFrequencies(keyChannels: number): Vector {
  if (keyChannels % 2 !== 0) throw new Error(`rotaryFrequencies: ${keyChannels} channels; give an even number`);
  const pairs = keyChannels / 2;
  return vector(pairs, (j) => (pairs === 1 ? 1 : 10000 ** (-j / (pairs - 1))));
}

/**
 * Turns each pair of neighbouring channels (2j, 2j+1) of one head by the angle p θ_j:
 * y_{2j} = x_{2j} cos(pθ_j) - x_{2j+1} sin(pθ_j), y_{2j+1} = x_{2j+1} cos(pθ_j) + x_{2j} sin(pθ_j).
 * Evidence [C]. There is no amplitude factor. Only differences of positions reach q · k.
 * Shapes: x [d], result [d].
 */
export function rotate(x: Vector, position: number): Vector {
  const theta = rotaryFrequencies(x.length);
  return x.flatMap((even, c) => {
    if (c % 2 === 1) return [];
    const odd = x[c + 1]!;
    const angle = position * theta[c / 2]!;
    return [even * Math.cos(angle) - odd * Math.sin(angle), odd * Math.cos(angle) + even * Math.sin(angle)];
  });
}
