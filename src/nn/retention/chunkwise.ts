/** @file Retention in chunkwise mode: parallel inside a chunk, recurrent from chunk to chunk. */
import { zerosLike } from '../../tensor/operand.ts';
import { chunks } from '../../tensor/ops.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import type { Value } from '../../tensor/value.ts';
import { type PowerTable, powerTable } from './decay-tables.ts';
import { type Retention, type RetentionInputs, type RetentionResult, retentionAxes } from './inputs.ts';
import { retainAtOnce } from './parallel.ts';

/** Retention chunk by chunk, with a formula for powers of γ. `call` names it in errors. */
export const retainInChunks =
  (call: string, powers: PowerTable) =>
  (chunkSize: number): Retention =>
  (inputs, state) => {
    retentionAxes(call, inputs, state);
    return overChunks(chunkSize, retainAtOnce(call, powers), inputs, state);
  };

/**
 * Retention over chunks of `chunkSize` tokens; the last chunk may be shorter. Each chunk runs in parallel mode from the state of
 * the chunk before. Throws unless the chunk size is an integer ≥ 1, and on wrong shapes and decays.
 * @example
 * const one = tensor([[[[2], [2]]]]);
 * read(chunkwiseRetention(1)({ q: one, k: one, v: one, decay: [0.5] }, tensor([[[[0]]]])).output) // [8, 12]
 */
export const chunkwiseRetention = retainInChunks('chunkwiseRetention', powerTable);

/** Runs a retention chunk by chunk, carries the state, and joins the outputs. `start` is the number of tokens before a chunk. */
export function overChunks(
  chunkSize: number,
  step: (part: RetentionInputs, state: Value, start: number) => RetentionResult,
  { q, k, v, decay }: RetentionInputs,
  state: Value,
): RetentionResult {
  const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, 2, chunkSize)) as [Value[], Value[], Value[]];
  let s = state;
  const outputs = qs.map((part, i) => {
    const result = step({ q: part, k: ks[i]!, v: vs[i]!, decay }, s, i * chunkSize);
    s = result.state;
    return result.output;
  });
  return { output: outputs.length === 0 ? zerosLike(v) : concat(outputs, 2), state: s };
}
