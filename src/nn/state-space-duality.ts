/** @file State space duality (SSD), the recurrence of Mamba-2, as linear attention. */
import { broadcast } from '../tensor/primitives/broadcast.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Value } from '../tensor/value.ts';
import { checkAxes, checkGroups, checkShape } from './check.ts';
import type { LinearAttention } from './linear-attention/inputs.ts';

/**
 * `x` [b, h, t, e], multiplied by the step sizes; the gate [b, h, t], Δ A: the natural logarithm of each token's decay; B and C
 * [b, g, t, n], where g groups of neighbouring heads share a row each.
 */
export interface DualityInputs {
  readonly x: Value;
  readonly gate: Value;
  readonly b: Value;
  readonly c: Value;
}

/**
 * `h_t = e^{g_t} h_{t−1} + x_t ⊗ B_t`, `y_t = h_t C_t` by a mode of linear attention, from a state [b, h, e, n]: outputs
 * [b, h, t, e] and the next state. The recurrence, the dual form (parallel) and the block form (chunkwise) are those of linear attention
 * with C for queries, B for keys and x for values; its state is the transpose. Throws on wrong shapes.
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
      const [, groups] = rows.shape as readonly [number, number];
      checkGroups(call, what, groups, heads, 'heads');
      checkShape(call, what, rows, ['b', 'g', 't', 'n'], [batch, groups, t, n]);
      const repeated = broadcast(reshape(rows, [batch, groups, 1, t, n]), [batch, groups, heads / groups, t, n]);
      return reshape(repeated, [batch, heads, t, n]);
    };
    const flipped = (s: Value): Value => transpose(s, [0, 1, 3, 2]);
    const result = attention({ q: perHead('c', c), k: perHead('b', b), v: x, gate }, flipped(state));
    return { output: result.output, state: flipped(result.state) };
  };
