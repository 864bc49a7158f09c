/** @file Mamba-3 in recurrent mode. */
import { at, stack } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { gatedOutput, leftBeside, type Mamba3, oneLater, rotatedInputs } from './inputs.ts';

/**
 * Computes `h_t = α_t h_{t−1} + (1 − τ_t) Δ_t α_t v_{t−1} ⊗ k'_{t−1} + τ_t Δ_t v_t ⊗ k'_t` and `y_t = h_t q'_t`, one token after another:
 * a trapezoid of this input and the last, with queries and keys that rotate by `π tanh(angles_t) Δ_t` with each token. The angles are sums,
 * and not taken modulo 2π. Throws on wrong shapes.
 * @example
 * const [one, number] = [tensor([[[[1]]]]), tensor([[[1]]])];
 * const given = { q: one, k: one, v: one, gate: scale(number, 0), delta: number, trap: scale(number, 0) };
 * const start = { angleState: tensor([[[]]]), state: one, keyState: number, valueState: number };
 * const bias = tensor([[0]]);
 * read(recurrentMamba3({ ...given, qBias: bias, kBias: bias, angles: tensor([[[[]]]]) }, start).output) // [2]
 */
export const recurrentMamba3: Mamba3 = (inputs, start) => {
  const rotated = rotatedInputs('recurrentMamba3', inputs, start);
  const { v, gate } = inputs;
  const [b, h, t] = v.shape as readonly [number, number, number];
  if (t === 0) return { ...start, output: v };
  const column = (x: Value): Value => reshape(x, [b, h, t, 1]);
  const decays = stored(exp(gate), 'decay');
  const own = mul(column(rotated.own), v);
  const before = mul(column(mul(rotated.before, decays)), oneLater(v, start.valueState));
  const keysBefore = oneLater(rotated.k, start.keyState);
  const outputs: Value[] = [];
  let state = start.state;
  for (let i = 0; i < t; i++) {
    const written = (values: Value, keys: Value): Value => einsum('bhe,bhn->bhen', at(values, 2, i), at(keys, 2, i));
    const kept = mul(reshape(at(decays, 2, i), [b, h, 1, 1]), state);
    state = stored(add(add(kept, written(before, keysBefore)), written(own, rotated.k)), 'state');
    outputs.push(einsum('bhen,bhn->bhe', state, at(rotated.q, 2, i)));
  }
  return { ...leftBeside(rotated, v), output: gatedOutput(stack(outputs, 2), inputs), state };
};
