/** @file Linear attention in recurrent mode. */
import { at, stack } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { isUnrolled, type Value } from '../../tensor/value.ts';
import { checkAttention, decaysOf, type LinearAttention, overChannels } from './inputs.ts';
import { scannedAttention } from './scanned.ts';

/**
 * Computes `S_t = e^{g_t} S_{t−1} + k_tᵀ v_t` and `o_t = q_t S_t`, one token after another; by linear scans in a compiled program. A gate for each key channel decays its row
 * of S. Throws on wrong shapes.
 * @example
 * const one = tensor([[[[2]]]]);
 * read(recurrentLinearAttention({ q: one, k: one, v: one, gate: tensor([[[Math.log(0.5)]]]) }, one).state) // [5]
 */
export const recurrentLinearAttention: LinearAttention = (inputs, state) => {
  const t = checkAttention('recurrentLinearAttention', inputs, state);
  const { q, k, v } = inputs;
  const channels = overChannels(decaysOf(inputs), 3);
  const decays = reshape(channels, [...channels.shape, 1]);
  if (t > 0 && isUnrolled(state)) return scannedAttention({ q, k, v, decays }, state);
  const outputs: Value[] = [];
  let s = state;
  for (let i = 0; i < t; i++) {
    const kept = mul(at(decays, 2, i), s);
    s = tapped(stored(add(kept, einsum('bhd,bhe->bhde', at(k, 2, i), at(v, 2, i))), 'state'), 'state');
    outputs.push(einsum('bhd,bhde->bhe', at(q, 2, i), s));
  }
  return { output: t === 0 ? v : stack(outputs, 2), state: s };
};
