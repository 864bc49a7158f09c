/** @file State space duality (SSD), the recurrence of Mamba-2, as linear attention. */
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Value } from '../tensor/value.ts';
import { checkAxes, checkShape } from './check.ts';
import { repeatGroups } from './groups.ts';
import type { LinearAttention } from './linear-attention/inputs.ts';

/**
 * `x` [b, h, t, e], already multiplied by the step sizes. The gate Δ A [b, h, t] is the natural logarithm of each token's decay. B
 * and C are [b, g, t, n]; each of the g groups of neighbouring heads shares a row.
 */
export interface DualityInputs {
  readonly x: Value;
  readonly gate: Value;
  readonly b: Value;
  readonly c: Value;
}

/**
 * Computes `h_t = e^{g_t} h_{t−1} + x_t ⊗ B_t` and `y_t = h_t C_t` by a mode of linear attention, from a state [b, h, e, n].
 * Returns outputs [b, h, t, e] and the next state. C are the queries, B the keys and x the values; the state of linear attention is
 * the transpose. Its modes give the recurrence, the dual form (parallel) and the block form (chunkwise). Throws on wrong shapes.
 * @example
 * const one = tensor([[[[2]]]]);
 * read(stateSpaceDuality(recurrentLinearAttention)({ x: one, gate: tensor([[[0]]]), b: one, c: one }, one).output) // [12]
 */
export const stateSpaceDuality =
  (attention: LinearAttention) =>
  ({ x, gate, b, c }: DualityInputs, state: Value): { output: Value; state: Value } => {
    const call = 'stateSpaceDuality';
    checkAxes(call, 'x', x, ['b', 'h', 't', 'e']);
    checkAxes(call, 'b', b, ['b', 'g', 't', 'n']);
    const [batch, heads, t, e] = x.shape as readonly [number, number, number, number];
    const n = b.shape[3]!;
    checkShape(call, 'the gate', gate, ['b', 'h', 't'], [batch, heads, t]);
    checkShape(call, 'the state', state, ['b', 'h', 'e', 'n'], [batch, heads, e, n]);
    const perHead = (what: string, rows: Value): Value => {
      checkShape(call, what, rows, ['b', 'g', 't', 'n'], [batch, rows.shape[1]!, t, n]);
      return repeatGroups(call, what, rows, heads);
    };
    const flipped = (s: Value): Value => transpose(s, [0, 1, 3, 2]);
    const result = attention({ q: perHead('c', c), k: perHead('b', b), v: x, gate }, flipped(state));
    return { output: result.output, state: flipped(result.state) };
  };
