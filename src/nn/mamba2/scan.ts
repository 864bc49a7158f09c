/** @file The scan of Mamba-2 by state space duality: step sizes with bias, softplus and limits, skip connection, gate. */
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import type { Value } from '../../tensor/value.ts';
import { checkAxes, checkEither, checkShape } from '../check.ts';
import type { LinearAttention } from '../linear-attention/inputs.ts';
import { stateSpaceDuality } from '../state-space-duality.ts';
import { alongTokens, mamba2Steps, type StepInputs } from './steps.ts';
import { perChannel, skippedAndGated } from './update.ts';

/**
 * `x` [b, h, t, e]. `delta`, its bias and `skip` (D) are [b, h, t], [h] and [h], one number for each head, or [b, h, t, e], [h, e] and
 * [h, e]. A is [h]. B and C are [b, g, t, n]; each of the g groups of neighbouring heads shares a row. `z` [b, h, t, e].
 */
export interface Mamba2Inputs extends StepInputs {
  readonly x: Value;
  readonly a: Value;
  readonly b: Value;
  readonly c: Value;
  readonly skip?: Value | undefined;
  readonly z?: Value | undefined;
}

/** Outputs [b, h, t, e] and the state [b, h, e, n] after the last token. */
export interface Mamba2Result {
  readonly output: Value;
  readonly state: Value;
}

/**
 * Computes `h_t = e^{Δ_t A} h_{t−1} + Δ_t x_t ⊗ B_t` and `y_t = (h_t C_t + D x_t) silu(z_t)` by a mode of linear attention, from a state
 * [b, h, e, n]. Where each channel has its own step size, it is a head of its own. Throws on wrong shapes.
 * @example
 * const [one, step] = [tensor([[[[2]]]]), tensor([[[1]]])];
 * const inputs = { x: one, delta: step, a: tensor([0]), b: one, c: one, deltaSoftplus: false };
 * read(mamba2Scan(recurrentLinearAttention)(inputs, one).output) // [12]
 */
export const mamba2Scan =
  (attention: LinearAttention) =>
  (inputs: Mamba2Inputs, state: Value): Mamba2Result => {
    checkScan('mamba2Scan', inputs, state);
    const { x, a, b, c, skip, z } = inputs;
    const [batch, h, t, e] = x.shape as readonly [number, number, number, number];
    const steps = mamba2Steps(inputs);
    const isPerHead = steps.shape.length === 3;
    const gate = mul(steps, reshape(a, [h, ...Array<number>(steps.shape.length - 2).fill(1)]));
    const drive = mul(perChannel(steps, 3), x);
    const apart = (y: Value): Value => reshape(transpose(y, [0, 1, 3, 2]), [batch, h * e, t]);
    const dual = stateSpaceDuality(attention)(
      isPerHead
        ? { x: drive, gate, b, c }
        : { x: reshape(apart(drive), [batch, h * e, t, 1]), gate: apart(gate), b, c },
      isPerHead ? state : reshape(state, [batch, h * e, 1, state.shape[3]!]),
    );
    const y = isPerHead ? dual.output : transpose(reshape(dual.output, [batch, h, e, t]), [0, 1, 3, 2]);
    const weight = skip && alongTokens(perChannel(skip, 1), 3);
    return { output: skippedAndGated(y, { x, skip: weight, z }), state: reshape(dual.state, state.shape) };
  };

function checkScan(call: string, inputs: Mamba2Inputs, state: Value): void {
  const { x, delta, a, skip, z, deltaBias } = inputs;
  checkAxes(call, 'x', x, ['b', 'h', 't', 'e']);
  checkAxes(call, 'the state', state, ['b', 'h', 'e', 'n']);
  const [b, h, t, e] = x.shape as readonly [number, number, number, number];
  checkShape(call, 'the state', state, ['b', 'h', 'e', 'n'], [b, h, e, state.shape[3]!]);
  checkEither(call, 'delta', delta, ['b', 'h', 't'], [b, h, t], ['b', 'h', 't', 'e'], [b, h, t, e]);
  checkShape(call, 'a', a, ['h'], [h]);
  if (skip !== undefined) checkEither(call, 'skip', skip, ['h'], [h], ['h', 'e'], [h, e]);
  if (z !== undefined) checkShape(call, 'z', z, ['b', 'h', 't', 'e'], [b, h, t, e]);
  if (deltaBias !== undefined) {
    const perHead = delta.shape.length === 3;
    checkShape(call, 'deltaBias', deltaBias, perHead ? ['h'] : ['h', 'e'], perHead ? [h] : [h, e]);
  }
}
