/** @file The delta rule in recurrent mode. */
import { at, stack, sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { type DeltaRule, decaysOf, prepared } from './inputs.ts';

/**
 * Computes `P = e^{g_t} S_{t−1}`, `S_t = P + k_tᵀ (β_t (v_t − k_t P))` and `o_t = q_t S_t`, one token after another. Throws on wrong
 * shapes.
 * @example
 * const one = tensor([[[[2]]]]);
 * read(recurrentDeltaRule({ q: one, k: one, v: one, beta: tensor([[[0.5]]]) }, one).state) // [0]
 */
export const recurrentDeltaRule: DeltaRule = (inputs, state) => {
  const { q, k, reads, v, beta, gate } = prepared('recurrentDeltaRule', inputs, state);
  const decays = gate && decaysOf(gate);
  const t = q.shape[2]!;
  const outputs: Value[] = [];
  let s = state;
  for (let i = 0; i < t; i++) {
    const [key, step] = [at(k, 2, i), at(beta, 2, i)];
    const kept = decays === undefined ? s : mul(column(at(decays, 2, i)), s);
    const missing = sub(at(v, 2, i), einsum('bhd,bhde->bhe', at(reads, 2, i), kept));
    const row = mul(step.shape.length === 2 ? column(step) : step, missing);
    const written = tapped(stored(row, 'value'), 'written');
    s = tapped(stored(add(kept, einsum('bhd,bhe->bhde', key, written)), 'state'), 'state');
    outputs.push(einsum('bhd,bhde->bhe', at(q, 2, i), s));
  }
  return { output: t === 0 ? v : stack(outputs, 2), state: s };
};

/** Adds a last axis of length 1. */
const column = (x: Value): Value => reshape(x, [...x.shape, 1]);
