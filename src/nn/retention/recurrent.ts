/** @file Retention in recurrent mode (Eqs. 19 and 20). */

import { constantLike, zerosLike } from '../../tensor/operand.ts';
import { at, stack } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { isUnrolled, type Value } from '../../tensor/value.ts';
import { scannedAttention } from '../linear-attention/scanned.ts';
import { type RetentionInputs, type RetentionResult, retentionAxes } from './inputs.ts';

/**
 * Computes `S_t = γ S_{t−1} + k_tᵀ v_t` and `y_t = q_t S_t`, one token after another; by linear scans in a compiled program. Throws on wrong shapes and decays.
 * @example
 * const one = tensor([[[[2]]]]);
 * read(recurrentRetention({ q: one, k: one, v: one, decay: [0.5] }, one).state) // [5]
 */
export function recurrentRetention(inputs: RetentionInputs, state: Value): RetentionResult {
  const { h, t } = retentionAxes('recurrentRetention', inputs, state);
  const { q, k, v, decay } = inputs;
  const gammas = stored(constantLike(q, Float64Array.from(decay), [h, 1, 1]), 'decay');
  if (t > 0 && isUnrolled(state)) {
    return scannedAttention({ q, k, v, decays: broadcast(reshape(gammas, [1, h, 1, 1, 1]), [1, h, t, 1, 1]) }, state);
  }
  const gamma = broadcast(gammas, state.shape);
  const outputs: Value[] = [];
  let s = state;
  for (let i = 0; i < t; i++) {
    const next = add(mul(gamma, s), einsum('bhd,bhe->bhde', at(k, 2, i), at(v, 2, i)));
    s = tapped(stored(next, 'state'), 'state');
    outputs.push(einsum('bhd,bhde->bhe', at(q, 2, i), s));
  }
  return { output: t === 0 ? zerosLike(v) : stack(outputs, 2), state: s };
}
