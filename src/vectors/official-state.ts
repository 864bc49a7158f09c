/** @file Converts a recurrent state to the form in which torchscale and the authors' code store it. */
import { retnetDecays } from '../nn/multi-head-retention.ts';
import { decaySums } from '../nn/retention/decay-tables.ts';
import { constantLike } from '../tensor/operand.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Value } from '../tensor/value.ts';
import { type Answers, answer } from './case.ts';

/**
 * `prev_key_value` [b, h, e, d] and `scale` [h] after t tokens, from our state S [b, h, d, e]: theirs is `Sᵀ/√λ` with
 * `λ = Σ_{j<t} γ^j`, kept beside it as the scale.
 */
export function stateAnswers(prefix: string, state: () => Value, heads: number, t: number): Answers['tensors'] {
  const scale = (): Float64Array => decaySums(retnetDecays(heads), t - 1, 1);
  return {
    [`${prefix}.prev_key_value`]: () => {
      const s = transpose(state(), [0, 1, 3, 2]);
      const rows = scale().map((lambda) => 1 / Math.sqrt(lambda));
      return answer(mul(s, constantLike(s, rows, [heads, 1, 1])));
    },
    [`${prefix}.scale`]: () => ({ shape: [heads], data: scale() }),
  };
}
