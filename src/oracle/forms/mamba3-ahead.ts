/**
 * @file Mamba-3 as one linear attention: a token's key has the factor of its own input and that of the input of the token before at the
 * next token, `γ_s + β_{s+1}`. What is so added too early is subtracted from the token's own output.
 */

import type { LinearAttention } from '../../nn/linear-attention/inputs.ts';
import { gatedOutput, leftBeside, type Mamba3, rotatedInputs } from '../../nn/mamba3/inputs.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import type { Value } from '../../tensor/value.ts';

/** Mamba-3 by a mode of linear attention, with inputs of the next token added ahead. */
export const mamba3Ahead =
  (attention: LinearAttention): Mamba3 =>
  (inputs, start) => {
    const rotated = rotatedInputs('mamba3Ahead', inputs, start);
    const { v, gate } = inputs;
    const [b, h, t, e] = v.shape as readonly [number, number, number, number];
    if (t === 0) return { ...start, output: v };
    const n = rotated.q.shape[3]!;
    const times = (factors: Value, x: Value): Value => mul(reshape(factors, [b, h, t, 1]), x);
    const flipped = (s: Value): Value => transpose(s, [0, 1, 3, 2]);
    const ahead = pad(slice(rotated.before, 2, 1, t), 2, 0, 1);
    const first = mul(reshape(slice(rotated.before, 2, 0, 1), [b, h, 1]), start.valueState);
    const ofStart = mul(reshape(first, [b, h, e, 1]), reshape(start.keyState, [b, h, 1, n]));
    const k = times(add(rotated.own, ahead), rotated.k);
    const all = attention({ q: rotated.q, k, v, gate }, flipped(add(start.state, ofStart)));
    const early = mul(ahead, einsum('bhtn,bhtn->bht', rotated.q, rotated.k));
    return {
      ...leftBeside(rotated, v),
      output: gatedOutput(sub(all.output, times(early, v)), inputs),
      state: flipped(all.state),
    };
  };
