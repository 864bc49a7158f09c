/** @file The generalised delta rule in recurrent mode. */
import { at, stack } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { checkDplr, type Dplr } from './inputs.ts';

/**
 * Computes `p_t = a_t S_{t−1}`, `S_t = diag(e^{g_t}) S_{t−1} + b_tᵀ p_t + k_tᵀ v_t` and `o_t = q_t S_t`, one token after another. Throws on
 * wrong shapes.
 * @example
 * const [one, open] = [tensor([[[[2]]]]), tensor([[[[0]]]])];
 * read(recurrentDplr({ q: one, k: one, v: one, a: one, b: one, gate: open }, one).state) // [14]
 */
export const recurrentDplr: Dplr = (inputs, state) => {
  const t = checkDplr('recurrentDplr', inputs, state);
  const { q, k, v, a, b, gate } = inputs;
  const decays = stored(exp(reshape(gate, [...gate.shape, 1])), 'decay');
  const outputs: Value[] = [];
  let s = state;
  for (let i = 0; i < t; i++) {
    const own = (x: Value): Value => at(x, 2, i);
    const read = stored(einsum('bhd,bhde->bhe', own(a), s), 'value');
    const written = add(einsum('bhd,bhe->bhde', own(b), read), einsum('bhd,bhe->bhde', own(k), own(v)));
    s = stored(add(mul(own(decays), s), written), 'state');
    outputs.push(einsum('bhd,bhde->bhe', own(q), s));
  }
  return { output: t === 0 ? v : stack(outputs, 2), state: s };
};
