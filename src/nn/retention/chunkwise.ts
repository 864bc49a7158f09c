/** @file Retention in chunkwise mode: parallel inside a chunk, recurrent from chunk to chunk. */
import { zerosLike } from '../../tensor/operand.ts';
import { chunks } from '../../tensor/ops.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { isUnrolled, type Value } from '../../tensor/value.ts';
import { retainAllChunks } from './all-chunks.ts';
import { type PowerTable, powerTable } from './decay-tables.ts';
import { type Retention, type RetentionInputs, type RetentionResult, retentionAxes } from './inputs.ts';
import { retainAtOnce } from './parallel.ts';

/** Retention chunk by chunk, with a formula for powers of γ. `call` names it in errors. */
export const retainInChunks =
  (call: string, powers: PowerTable) =>
  (chunkSize: number): Retention =>
  (inputs, state) => {
    const { t } = retentionAxes(call, inputs, state);
    const step = retainAtOnce(call, powers);
    const isMany = Number.isInteger(chunkSize) && chunkSize >= 1 && chunkSize < t;
    if (!isMany || !isUnrolled(state)) return overChunks(chunkSize, step, inputs, state);
    const whole = t - (t % chunkSize);
    const first = retainAllChunks(chunkSize, powers, during(inputs, 0, whole), state);
    if (whole === t) return first;
    const rest = step(during(inputs, whole, t), first.state);
    return { output: concat([first.output, rest.output], 2), state: rest.state };
  };

/** The inputs of tokens start … stop − 1. */
const during = ({ q, k, v, decay }: RetentionInputs, start: number, stop: number): RetentionInputs => {
  const own = (x: Value): Value => slice(x, 2, start, stop);
  return { q: own(q), k: own(k), v: own(v), decay };
};

/**
 * Retention over chunks of `chunkSize` tokens; the last chunk may be shorter. Each chunk runs in parallel mode from the state of
 * the chunk before; in a compiled program all whole chunks at once. Throws unless the chunk size is an integer ≥ 1, and on wrong
 * shapes and decays.
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
    s = tapped(result.state, 'state');
    return result.output;
  });
  return { output: outputs.length === 0 ? zerosLike(v) : concat(outputs, 2), state: s };
}
