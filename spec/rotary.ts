/** @file Rotary positions: those of the released code and of torchscale [C], and the usual ones. Not numbered in the paper. */
import { type Vector, vector } from './notation.ts';
import type { Reading } from './readings.ts';

/**
 * θ_j = 10000^{-j/(P-1)} for the P = d/2 pairs of a head, j = 0 … P-1; θ_0 = 1 when P = 1.
 * Evidence [C]. The usual rotary embedding divides by P, so its θ_{P-1} is not 1/10000.
 * Shapes: result [d/2].
 */
export function rotaryFrequencies(keyChannels: number): Vector {
  if (keyChannels % 2 !== 0) throw new Error(`rotaryFrequencies: ${keyChannels} channels; give an even number`);
  const pairs = keyChannels / 2;
  return vector(pairs, (j) => (pairs === 1 ? 1 : 10000 ** (-j / (pairs - 1))));
}

/** θ_j = base^{-j/P} for the P = d/2 pairs of a head: the usual frequencies, as in LLaMA. Shapes: result [d/2]. */
export function usualRotaryFrequencies(keyChannels: number, base = 10000): Vector {
  if (keyChannels % 2 !== 0) throw new Error(`usualRotaryFrequencies: ${keyChannels} channels; give an even number`);
  return vector(keyChannels / 2, (j) => base ** ((-2 * j) / keyChannels));
}

/**
 * Rotates each pair of neighbouring channels (2j, 2j+1) of one head by the angle p θ_j:
 * y_{2j} = x_{2j} cos(pθ_j) - x_{2j+1} sin(pθ_j), y_{2j+1} = x_{2j+1} cos(pθ_j) + x_{2j} sin(pθ_j).
 * Evidence [C]. There is no amplitude factor. q · k depends only on the difference of positions.
 * Shapes: x [d], result [d].
 */
export function rotate(x: Vector, position: number): Vector {
  return rotatePairs(x, position, rotaryFrequencies(x.length), 'neighbours');
}

/** Rotates with frequencies theta [d/2] the pairs of neighbours (2j, 2j+1) or of halves (j, j+d/2). Shapes: x [d], result [d]. */
export function rotatePairs(x: Vector, position: number, theta: Vector, pairs: Reading<'rotaryPairs'>): Vector {
  const places = theta.map((_, j) => (pairs === 'neighbours' ? [2 * j, 2 * j + 1] : [j, j + theta.length]));
  return vector(x.length, (c) => {
    const j = places.findIndex((pair) => pair.includes(c));
    const [first, second] = places[j]! as [number, number];
    const angle = position * theta[j]!;
    if (c === first) return x[first]! * Math.cos(angle) - x[second]! * Math.sin(angle);
    return x[second]! * Math.cos(angle) + x[first]! * Math.sin(angle);
  });
}
