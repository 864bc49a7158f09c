/** @file The dense hidden connection over a state space model (Eqs. 11 and 14). */

import { told } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { zerosLike } from '../../tensor/operand.ts';
import type { StateValue } from './form.ts';
import { checkStates, type SsmInputs, type SsmResult, ssmAxes } from './inputs.ts';
import { type SsmMode, statesIn } from './modes.ts';
import { atToken } from './states.ts';

/** What is carried to the next token: the state as it was before fusion, or the fused one. The paper can be read both ways. */
export type Carry = 'raw' | 'fused';

/** A model, and for each source the selected states `h''_t` of Eqs. 15–17, [b, t, e, n], nearest layer first. */
export interface DenseSsmInputs<S extends StateValue> extends SsmInputs<S> {
  readonly selected: readonly S[];
}

/**
 * Eq. 14: `y_t = C h'_t`, `h'_t = h_t + Σ_j h''_t^{l−j}` (Eqs. 11 and 18), where with `carry: 'raw'` h_t is the plain model's state,
 * and with `'fused'` the next state is made of h'_t: `h_{t+1} = Ā h'_t + B̄ x_{t+1}`. Both are linear, so both are parallel:
 * `C (scan(B̄x) + Σ h'')` and `C scan(B̄x + Σ h'')`. In convolution and chunkwise mode for diagonal decays. Throws on wrong shapes.
 * @example
 * const one = tensor([[1]]);
 * const inputs = { x: tensor([[[1]]]), a: one, b: one, c: one, selected: [tensor([[[[5]]]])] };
 * read(denseSsm({ name: 'recurrent' }, 'raw')(inputs, tensor([[[2]]])).output) // [8]
 */
export const denseSsm =
  (mode: SsmMode, carry: Carry) =>
  <S extends StateValue>(inputs: DenseSsmInputs<S>, state: S): SsmResult<S> => {
    const { form, b, t, e, n } = ssmAxes('denseSsm', inputs, state);
    if (carry !== 'raw' && carry !== 'fused') fail(`denseSsm: carry is ${told(carry)}; use raw or fused`);
    const { x, a, b: bBar, c, selected } = inputs;
    selected.forEach((source, j) => {
      checkStates('denseSsm', `source ${j}`, source, form, '[b, t, e, n]', [b, t, e, n]);
    });
    if (t === 0) return { output: zerosLike(x), state };
    const fuse = (h: S): S => selected.reduce((sum, source) => form.plus(sum, source), h);
    const driven = form.drive(bBar, x);
    const h = statesIn(mode)(form, a, carry === 'fused' ? fuse(driven) : driven, state);
    return { output: form.read(c, carry === 'raw' ? fuse(h) : h), state: atToken(h, t - 1) };
  };
