/** @file A stack of state space models with a block Θ between layers (Eq. 9). */
import { fail } from '../../tensor/errors.ts';
import { at, stack } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import type { Value } from '../../tensor/value.ts';
import { silu } from '../activations.ts';
import { checkAxes } from '../check.ts';
import { linear } from '../linear.ts';
import { rmsNorm } from '../norms.ts';
import { stateOutput } from './continuous.ts';
import { realForm } from './form.ts';
import { linearScanStates } from './states.ts';

/** Weights of a block: norm [e], then up [r, e] and down [e, r]. */
export type ThetaParams = { readonly norm: Value; readonly up: Value; readonly down: Value };

/** Settings of a block: ε of its norm, and the factor of its residual connection (0 in Eq. 9). */
export interface ThetaRule {
  readonly epsilon: number;
  readonly residual: number;
}

/**
 * `Θ(y) = ρ y + W_down silu(W_up rms(y))` for y [..., e]. The paper names convolution, norm and FFN; this choice is ours.
 * @example
 * const zero = { norm: tensor([1]), up: tensor([[0]]), down: tensor([[1]]) };
 * read(thetaBlock(tensor([3]), zero, { epsilon: 1, residual: 1 })) // [3]
 */
export function thetaBlock(y: Value, { norm, up, down }: ThetaParams, { epsilon, residual }: ThetaRule): Value {
  const changed = linear(silu(linear(rmsNorm(y, norm, epsilon), up)), down);
  return residual === 0 ? changed : add(scale(y, residual), changed);
}

/** Weights of a layer and its input: C [e, n] of the layer below, the block Θ, and the layer's diagonal Ā and B̄ [e, n]. */
export type StackedLayer = { readonly below: Value; readonly theta: ThetaParams; readonly a: Value; readonly b: Value };

/** States of the highest layer, [b, t, e, n], and the last state of every layer, [b, e, n] each. */
export interface StackResult {
  readonly h: Value;
  readonly states: readonly Value[];
}

/** A stack in one mode. `bottom` [b, t, e, n] has the states of the lowest layer, `states` the initial states of the others. */
export type StackMode = (
  layers: readonly StackedLayer[],
  bottom: Value,
  states: readonly Value[],
  rule: ThetaRule,
) => StackResult;

function checkStack(call: string, layers: readonly StackedLayer[], bottom: Value, states: readonly Value[]): void {
  checkAxes(call, 'bottom', bottom, ['b', 't', 'e', 'n']);
  if (states.length !== layers.length) {
    fail(`${call}: ${states.length} states for ${layers.length} layers above the bottom; give one for each`);
  }
}

/**
 * Computes Eq. 9 one token after another: `h_t^l = Ā h_{t−1}^l + B̄ Θ(C Ā h_{t−1}^{l−1} + C B̄ Θ(… Θ(C h_t^{l−m}) …))`.
 * @example
 * read(recurrentStack([], tensor([[[[5]]]]), [], { epsilon: 1, residual: 0 }).h) // [5]
 */
export const recurrentStack: StackMode = (layers, bottom, states, rule) => {
  checkStack('recurrentStack', layers, bottom, states);
  if (bottom.shape[1] === 0) return { h: bottom, states };
  let before = states;
  const highest = Array.from({ length: bottom.shape[1]! }, (_, t) => {
    let h = at(bottom, 1, t);
    before = layers.map(({ below, theta, a, b }, l) => {
      const x = thetaBlock(stateOutput(below, h), theta, rule);
      h = realForm.plus(realForm.act(a, before[l]!), realForm.drive(b, x));
      return h;
    });
    return h;
  });
  return { h: stack(highest, 1), states: before };
};

/**
 * Computes Eq. 9 one layer after another, each over the whole sequence.
 * @example
 * read(layeredStack([], tensor([[[[5]]]]), [], { epsilon: 1, residual: 0 }).h) // [5]
 */
export const layeredStack: StackMode = (layers, bottom, states, rule) => {
  checkStack('layeredStack', layers, bottom, states);
  if (bottom.shape[1] === 0) return { h: bottom, states };
  let h = bottom;
  const last = layers.map(({ below, theta, a, b }, l) => {
    const x = thetaBlock(stateOutput(below, h), theta, rule);
    h = linearScanStates(realForm, a, realForm.drive(b, x), states[l]!);
    return at(h, 1, h.shape[1]! - 1);
  });
  return { h, states: last };
};
