/** @file Primitive `phi`: the functions `φ_k(z) = Σ_j z^j / (j + k)!` of exponential integrators */
import { apply } from '../apply.ts';
import { firstIsLarger } from '../compare.ts';
import { fail } from '../errors.ts';
import { filledLike } from '../operand.ts';
import { elementwiseShape, type Primitive } from '../primitive.ts';
import type { Value } from '../value.ts';
import { add } from './add.ts';
import { div } from './div.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { scale } from './scale.ts';
import { select } from './select.ts';

/** The order k, an integer ≥ 1. */
export type PhiParams = { readonly order: number };

export const phiPrimitive: Primitive<PhiParams> = {
  name: 'phi',
  shape: elementwiseShape,
  vjp: (ct, out, [z], { order }) => [mul(ct, slope(z!, out, order))],
};

/**
 * `φ_k' = φ_k − k φ_{k+1}`. For large −z both terms are nearly equal; there it is `(φ_{k−1} − k φ_k) / z`, where φ_0 is exp. A branch
 * that is not taken gets an argument where it is finite.
 */
function slope(z: Value, out: Value, order: number): Value {
  const isFar = firstIsLarger(filledLike(z, -order, z.shape), z);
  const far = select(isFar, z, -order);
  const before = order === 1 ? exp(far) : phi(far, order - 1);
  return select(
    isFar,
    div(add(before, scale(out, -order)), far),
    add(out, scale(phi(select(isFar, 0, z), order + 1), -order)),
  );
}

/**
 * `φ_k(z) = Σ_j z^j / (j + k)!`, elementwise: `φ_1(z) = (e^z − 1)/z` and `φ_{k+1}(z) = (φ_k(z) − 1/k!)/z`, with `φ_k(0) = 1/k!`.
 * Throws when the order k is no integer ≥ 1.
 * @example
 * read(phi(tensor([0, 1]), 2)) // [0.5, Math.E - 2]
 */
export function phi(z: Value, order: number): Value {
  if (!Number.isInteger(order) || order < 1) fail(`phi: the order is ${order}; an order is an integer ≥ 1`);
  return apply(phiPrimitive, [z], { order });
}

/**
 * `φ_1(z) = (e^z − 1)/z`, elementwise; 1 at 0. Zero-order hold is `B̄ = φ_1(ΔA) Δ B`, also where ΔA is 0.
 * @example
 * read(phi1(tensor([0, 1]))) // [1, Math.E - 1]
 */
export const phi1 = (z: Value): Value => phi(z, 1);
