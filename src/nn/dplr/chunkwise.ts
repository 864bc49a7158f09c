/** @file The generalised delta rule in chunkwise mode: the triangular systems of all chunks at once (WY form), then one chunk after another. */
import { fail } from '../../tensor/errors.ts';
import { filledLike } from '../../tensor/operand.ts';
import { at, neg } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { unitLowerInverse } from '../delta-rule/triangular.ts';
import type { LinearAttentionResult } from '../linear-attention/inputs.ts';
import { type DecayFormula, products } from '../linear-attention/parallel.ts';
import { checkDplr, type Dplr, type DplrInputs } from './inputs.ts';

/** The generalised delta rule over chunks of a size, with a formula for products of decays. `call` names it in errors. */
export const dplrInChunks =
  (call: string, formula: DecayFormula) =>
  (chunkSize: number): Dplr => {
    if (!Number.isInteger(chunkSize) || chunkSize < 1) {
      fail(`${call}: a chunk of ${chunkSize}; a chunk is an integer ≥ 1`);
    }
    return (inputs, state) =>
      checkDplr(call, inputs, state) === 0 ? { output: inputs.v, state } : inChunks(formula, chunkSize, inputs, state);
  };

/**
 * The generalised delta rule over chunks of `chunkSize` tokens. In a chunk, the rows `p_t = a_t S_{t−1}` solve a unit lower triangular
 * system, `p_t = Γ_{t−1} a_t S_0 + Σ_{s<t} (a_t · L_{t−1,s} k_s) v_s + (a_t · L_{t−1,s} b_s) p_s`, with the products of decays Γ from the
 * chunk's start and L from token s. Its inverse gives `p = U + W S_0`, the WY form, before the state S_0 is known. Pads the last chunk with
 * tokens that keep the state: all vectors 0, decays 1. Throws unless the chunk size is an integer ≥ 1, and on wrong shapes.
 * @example
 * const [one, open] = [tensor([[[[2], [2]]]]), tensor([[[[0], [0]]]])];
 * read(chunkwiseDplr(2)({ q: one, k: one, v: one, a: one, b: one, gate: open }, tensor([[[[2]]]])).output) // [28, 148]
 */
export const chunkwiseDplr: (chunkSize: number) => Dplr = dplrInChunks('chunkwiseDplr', products);

function inChunks(formula: DecayFormula, chunkSize: number, inputs: DplrInputs, state: Value): LinearAttentionResult {
  const [b, h, t] = inputs.q.shape as readonly [number, number, number];
  const [d, e] = state.shape.slice(2) as [number, number];
  const count = Math.ceil(t / chunkSize);
  const missing = count * chunkSize - t;
  // heads and chunks share one axis
  const blocks = (x: Value, fill = 0): Value => {
    const still = filledLike(x, fill, x.shape.with(2, missing));
    return reshape(missing === 0 ? x : concat([x, still], 2), [b, h * count, chunkSize, x.shape[3]!]);
  };
  const [q, k, v] = [blocks(inputs.q), blocks(inputs.k), blocks(inputs.v)];
  const [reading, writing] = [blocks(inputs.a), blocks(inputs.b)];
  const { ofTokens, ofState } = formula.left(blocks(formula.of(inputs), formula.neutral));
  // what a reads is decayed up to the token before
  const tokensBefore = pad(slice(ofTokens, 2, 0, chunkSize - 1), 2, 1, 0);
  const one = filledLike(ofState, 1, ofState.shape.with(2, 1));
  const stateBefore = concat([one, slice(ofState, 2, 0, chunkSize - 1)], 2);

  const inverse = stored(unitLowerInverse(neg(weights(reading, writing, tokensBefore))), 'score');
  const values = einsum('bhts,bhse->bhte', weights(reading, k, tokensBefore), v);
  const rows = einsum('bhts,bhsw->bhtw', inverse, concat([values, mul(reading, stateBefore)], 3));
  const toEnd = at(ofTokens, 2, chunkSize - 1);

  // one chunk after another: [b, h, count, …] to [b, h, …]
  const of = (x: Value): ((i: number) => Value) => {
    const all = reshape(x, [b, h, count, ...x.shape.slice(2)]);
    return (i) => at(all, 2, i);
  };
  const [known, ofStart] = [of(slice(rows, 3, 0, e)), of(slice(rows, 3, e, e + d))];
  const [fromState, fromRows] = [of(mul(q, ofState)), of(weights(q, writing, ofTokens))];
  const own = of(einsum('bhts,bhse->bhte', weights(q, k, ofTokens), v));
  const [kept, written] = [of(at(ofState, 2, chunkSize - 1)), of(mul(writing, toEnd))];
  const added = of(einsum('bhsd,bhse->bhde', mul(k, toEnd), v));
  const outputs: Value[] = [];
  let s = state;
  for (let i = 0; i < count; i++) {
    const read = stored(add(known(i), einsum('bhtd,bhde->bhte', ofStart(i), s)), 'value');
    const carried = add(einsum('bhtd,bhde->bhte', fromState(i), s), einsum('bhts,bhse->bhte', fromRows(i), read));
    outputs.push(add(own(i), carried));
    const left = add(mul(reshape(kept(i), [b, h, d, 1]), s), einsum('bhtd,bhte->bhde', written(i), read));
    s = stored(add(left, added(i)), 'state');
  }
  return { output: slice(concat(outputs, 2), 2, 0, t), state: s };
}

/** `x_t · L_ts y_s`, [b, h, t, s]. */
const weights = (x: Value, y: Value, left: Value): Value =>
  stored(einsum('bhtd,bhsd,bhtsd->bhts', x, y, left), 'score');
