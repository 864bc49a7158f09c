/** @file Selective transition φ: projects and gates the features of a shallower layer (Eqs. 15–17). */

import { mul } from '../tensor/primitives/mul.ts';
import type { Value } from '../tensor/value.ts';
import { silu } from './activations.ts';
import { linear } from './linear.ts';

/** Weights of a two-layer MLP without biases: `down` [r, i], `up` [w, r]. With rank r = 0 every gate is `silu(0) = 0`. */
export type GateParams = { readonly down: Value; readonly up: Value };

/** Activation after the MLP: a second SiLU as in the authors' code, or none. */
export type GateActivation = 'silu' | 'none';

/**
 * Eq. 15: `h' = Proj(h)`, by a linear map [w, w], or the identity without one. Throws when the map does not fit `h` [..., w].
 * @example
 * read(project(tensor([1, 2]), tensor([[0, 1], [1, 0]]))) // [2, 1]
 */
export const project = (h: Value, projection: Value | undefined): Value =>
  projection === undefined ? h : linear(h, projection);

/** The MLP of Eq. 16 before its last activation: `up silu(down x)` for `x` [..., i], as [..., w]. */
export const gateLogits = (x: Value, { down, up }: GateParams): Value => linear(silu(linear(x, down)), up);

/** Applies the last activation of Eq. 16. */
export const gateOutput = (logits: Value, activation: GateActivation): Value =>
  activation === 'silu' ? silu(logits) : logits;

/**
 * Eq. 16: `g = Gate(x)`, from the current layer's input `x` [..., i]. Throws when the weights do not fit.
 * @example
 * read(gate(tensor([1]), { down: tensor([[1]]), up: tensor([[0]]) }, 'silu')) // [0]
 */
export const gate = (x: Value, params: GateParams, activation: GateActivation): Value =>
  gateOutput(gateLogits(x, params), activation);

/**
 * Eq. 17: `h'' = h' ⊙ g`; shapes broadcast.
 * @example
 * read(select(tensor([1, 2]), tensor([3, 0]))) // [3, 0]
 */
export const select = (projected: Value, g: Value): Value => mul(projected, g);
