/** @file State space models that compute their states: recurrence, linear scan, parallel scan. */
import { zerosLike } from '../../tensor/operand.ts';
import { type Ssm, ssmAxes } from './inputs.ts';
import { atToken, linearScanStates, logStepStates, recurrentStates, type States } from './states.ts';

/** Computes `y_t = C h_t` with the given algorithm for the states. */
const byStates =
  (call: string, states: States): Ssm =>
  (inputs, state) => {
    const { form, t } = ssmAxes(call, inputs, state);
    if (t === 0) return { output: zerosLike(inputs.x), state };
    const h = states(form, inputs.a, form.drive(inputs.b, inputs.x), state);
    return { output: form.read(inputs.c, h), state: atToken(h, t - 1) };
  };

/**
 * Eqs. 5 and 6: `h_t = Ā h_{t−1} + B̄ x_t` and `y_t = C h_t`, or `2 Re C h_t` for conjugate pairs, one token after another.
 * Supports every decay. Throws on wrong shapes, and where real and complex are mixed.
 * @example
 * const one = tensor([[2]]);
 * read(recurrentSsm({ x: tensor([[[1], [3]]]), a: one, b: one, c: one }, tensor([[[0]]])).output) // [4, 20]
 */
export const recurrentSsm: Ssm = byStates('recurrentSsm', recurrentStates);

/**
 * Computes the same as {@link recurrentSsm} by the primitive linearScan, for real diagonal decays. Throws on wrong shapes and other
 * decays.
 * @example
 * const one = tensor([[2]]);
 * read(scanSsm({ x: tensor([[[1], [3]]]), a: one, b: one, c: one }, tensor([[[0]]])).state) // [10]
 */
export const scanSsm: Ssm = byStates('scanSsm', linearScanStates);

/**
 * Computes the same as {@link recurrentSsm} by a parallel (associative) scan in logarithmic depth. Supports every decay. Throws on
 * wrong shapes, and where real and complex are mixed.
 * @example
 * const one = tensor([[2]]);
 * read(logStepSsm({ x: tensor([[[1], [3]]]), a: one, b: one, c: one }, tensor([[[0]]])).state) // [10]
 */
export const logStepSsm: Ssm = byStates('logStepSsm', logStepStates);
