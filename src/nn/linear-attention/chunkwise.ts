/** @file Linear attention in chunkwise (block) mode: all chunks in parallel, then one scan over their states. */
import { fail } from '../../tensor/errors.ts';
import { filledLike } from '../../tensor/operand.ts';
import { at } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { scannedStates } from '../scanned-states.ts';
import { checkAttention, type LinearAttention } from './inputs.ts';
import { type DecayFormula, leftOfState, ownOutput, ownState, products, stateOutput } from './parallel.ts';

/**
 * Linear attention over chunks of a size, with a formula for products of decays. Pads the last chunk with tokens that keep the state:
 * key, query and value 0. `call` names it in errors.
 */
export const attendInChunks =
  (call: string, formula: DecayFormula) =>
  (chunkSize: number): LinearAttention => {
    if (!Number.isInteger(chunkSize) || chunkSize < 1) {
      fail(`${call}: a chunk of ${chunkSize}; a chunk is an integer ≥ 1`);
    }
    return (inputs, state) => {
      const t = checkAttention(call, inputs, state);
      if (t === 0) return { output: inputs.v, state };
      const { q, k, v } = inputs;
      const [b, h, , d] = q.shape as readonly [number, number, number, number];
      const e = v.shape[3]!;
      const count = Math.ceil(t / chunkSize);
      const missing = count * chunkSize - t;
      // heads and chunks share one axis
      const blocks = (x: Value, fill: (x: Value) => Value = (x) => pad(x, 2, 0, missing)): Value =>
        reshape(missing === 0 ? x : fill(x), [b, h * count, chunkSize, ...x.shape.slice(3)]);
      const own = { q: blocks(q), k: blocks(k), v: blocks(v) };
      const perToken = formula.of(inputs);
      const still = filledLike(q, formula.neutral, [b, h, missing, ...perToken.shape.slice(3)]);
      const left = formula.left(blocks(perToken, (x) => concat([x, still], 2)));

      const perChunk = [b, h, count, d, e];
      const rows = leftOfState(left);
      const kept = broadcast(reshape(rows, [b, h, count, ...rows.shape.slice(2)]), perChunk);
      const added = reshape(stored(ownState(own, left), 'state'), perChunk);
      const after = scannedStates(kept, added, state, 2);
      const before = concat([reshape(state, [b, h, 1, d, e]), slice(after, 2, 0, count - 1)], 2);

      const carried = stateOutput(own, left, reshape(before, [b, h * count, d, e]));
      const output = reshape(add(ownOutput(own, left), carried), [b, h, count * chunkSize, e]);
      return { output: slice(output, 2, 0, t), state: at(after, 2, count - 1) };
    };
  };

/**
 * Linear attention over chunks of `chunkSize` tokens. Computes each chunk in parallel mode from an empty state, and scans over the
 * final states of the chunks. Then adds to each chunk's outputs the contribution of the state before it. Pads the last chunk with
 * tokens that keep the state: key, query and value 0, decay 1. Throws unless the chunk size is an integer ≥ 1, and on wrong shapes.
 * @example
 * const one = tensor([[[[2], [2], [2]]]]);
 * read(chunkwiseLinearAttention(2)({ q: one, k: one, v: one }, tensor([[[[0]]]])).output) // [8, 16, 24]
 */
export const chunkwiseLinearAttention = attendInChunks('chunkwiseLinearAttention', products);
