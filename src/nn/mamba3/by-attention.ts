/** @file Mamba-3 by a mode of linear attention: in chunks, the quadratic form in a single one, or by any of its forms. */

import { zerosLike } from '../../tensor/operand.ts';
import { add } from '../../tensor/primitives/add.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import type { Value } from '../../tensor/value.ts';
import type { LinearAttention } from '../linear-attention/inputs.ts';
import { gatedOutput, leftBeside, type Mamba3, oneLater, rotatedInputs } from './inputs.ts';

/**
 * Mamba-3 as two linear attentions with the same gates: of each token's own input, and of the input of the token before. Their outputs and
 * states are added. Throws on wrong shapes.
 * @example
 * const [one, number] = [tensor([[[[1]]]]), tensor([[[1]]])];
 * const given = { q: one, k: one, v: one, gate: scale(number, 0), delta: number, trap: scale(number, 0) };
 * const start = { angleState: tensor([[[]]]), state: one, keyState: number, valueState: number };
 * const bias = tensor([[0]]);
 * read(mamba3By(chunkwiseLinearAttention(2))({ ...given, qBias: bias, kBias: bias, angles: tensor([[[[]]]]) }, start).output) // [2]
 */
export const mamba3By =
  (attention: LinearAttention): Mamba3 =>
  (inputs, start) => {
    const rotated = rotatedInputs('mamba3By', inputs, start);
    const { v, gate } = inputs;
    const [b, h, t] = v.shape as readonly [number, number, number];
    if (t === 0) return { ...start, output: v };
    const times = (factors: Value, x: Value): Value => mul(reshape(factors, [b, h, t, 1]), x);
    const flipped = (s: Value): Value => transpose(s, [0, 1, 3, 2]);
    const { q, k } = rotated;
    const own = attention({ q, k: times(rotated.own, k), v, gate }, flipped(start.state));
    const keys = times(mul(rotated.before, exp(gate)), oneLater(k, start.keyState));
    const before = { q, k: keys, v: oneLater(v, start.valueState), gate };
    const carried = attention(before, zerosLike(own.state));
    return {
      ...leftBeside(rotated, v),
      output: gatedOutput(add(own.output, carried.output), inputs),
      state: flipped(add(own.state, carried.state)),
    };
  };
