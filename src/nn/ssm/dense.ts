/** @file Dense hidden connection over a state space model (Eqs. 11 and 14). */

import { described } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { stack } from '../../tensor/ops.ts';
import { joinTrees } from '../../tensor/tree.ts';
import type { Form, StateValue } from './form.ts';
import { checkStates, type SsmInputs, type SsmResult, ssmAxes } from './inputs.ts';
import { type SsmMode, statesIn } from './modes.ts';
import { atToken, storedState, tokensOf } from './states.ts';

/** State that goes to the next token: before fusion (`raw`) or after it (`fused`). Both are readings of the paper. */
export type Carry = 'raw' | 'fused';

/** Inputs, model, and the selected states `h''_t` of each source (Eqs. 15–17), [b, t, e, n], nearest layer first. */
export interface DenseSsmInputs<S extends StateValue> extends SsmInputs<S> {
  readonly selected: readonly S[];
}

/**
 * Eq. 14: `y_t = C h'_t`, `h'_t = h_t + Σ_j h''_t^{l−j}` (Eqs. 11 and 18). With `carry: 'raw'`, h_t is the state of the plain
 * model, so `y = C (scan(B̄x) + Σ h'')`. With `'fused'`, the next state follows from h'_t: `h_{t+1} = Ā h'_t + B̄ x_{t+1}`, so `y =
 * C scan(B̄x + Σ h'')`. Both are linear, so every mode of the plain model computes them. Throws on wrong shapes.
 * @example
 * const one = tensor([[1]]);
 * const inputs = { x: tensor([[[1]]]), a: one, b: one, c: one, selected: [tensor([[[[5]]]])] };
 * read(denseSsm({ name: 'recurrent' }, 'raw')(inputs, tensor([[[2]]])).output) // [8]
 */
export const denseSsm =
  (mode: SsmMode, carry: Carry) =>
  <S extends StateValue>(inputs: DenseSsmInputs<S>, state: S): SsmResult<S> => {
    const { form, b, t, e, n } = ssmAxes('denseSsm', inputs, state);
    if (carry !== 'raw' && carry !== 'fused') fail(`denseSsm: carry is ${described(carry)}; use raw or fused`);
    const { x, a, b: bBar, c, selected } = inputs;
    selected.forEach((source, j) => {
      checkStates('denseSsm', `source ${j}`, source, form, '[b, t, e, n]', [b, t, e, n]);
    });
    if (t === 0) return { output: zerosLike(x), state };
    const driven = form.drive(bBar, x);
    const h =
      carry === 'raw' ? statesIn(mode)(form, a, driven, state) : fusedStates(mode, form, a, driven, selected, state);
    const fused = carry === 'raw' ? fuse(form, h, selected) : h;
    return { output: form.read(c, fused), state: atToken(h, t - 1) };
  };

/** Adds the sources to h, one after another (Eq. 18). */
const fuse = <S extends StateValue>(form: Form<S>, h: S, sources: readonly S[]): S =>
  sources.reduce((sum, source) => form.plus(sum, source), h);

/**
 * Computes all states where the fused state is carried. Recurrent mode adds in the order of Eqs. 5 and 11, as the definition does.
 * So cancellation between a state and its sources rounds in the same way. The other modes add the sources to the inputs.
 */
function fusedStates<S extends StateValue>(
  mode: SsmMode,
  form: Form<S>,
  a: S,
  driven: S,
  selected: readonly S[],
  h0: S,
): S {
  if (mode.name !== 'recurrent') return statesIn(mode)(form, a, fuse(form, driven, selected), h0);
  let h = h0;
  const all = Array.from({ length: tokensOf(driven) }, (_, t) => {
    const own = form.plus(form.act(a, h), atToken(driven, t));
    const sources = selected.map((source) => atToken(source, t));
    h = storedState(fuse(form, own, sources));
    return h;
  });
  return joinTrees(all, (xs) => stack(xs, 1));
}
