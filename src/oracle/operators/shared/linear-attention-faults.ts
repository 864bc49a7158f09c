/** @file Helpers for faults of linear attention: wrong states between chunks, decays masked too late, filled chunks. */
import type { LinearAttentionInputs, LinearAttentionResult } from '../../../nn/linear-attention/inputs.ts';
import { parallelLinearAttention } from '../../../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../../../nn/linear-attention/recurrent.ts';
import { constantLike, filledLike, zerosLike } from '../../../tensor/operand.ts';
import { chunks, sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { exp } from '../../../tensor/primitives/exp.ts';
import { linearScan } from '../../../tensor/primitives/linear-scan.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { select } from '../../../tensor/primitives/select.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import type { Value } from '../../../tensor/value.ts';

/** The inputs and the initial state. */
interface Inputs extends LinearAttentionInputs {
  readonly state: Value;
}

/** Runs chunks one after another in parallel mode, with the state between chunks changed by `handOver`. */
export function inChunks(
  { state, ...inputs }: Inputs,
  chunkSize: number,
  handOver: (left: Value, start: Value) => Value,
): LinearAttentionResult {
  const cut = (x: Value): Value[] => chunks(x, 2, chunkSize);
  const [qs, ks, vs, gates] = [cut(inputs.q), cut(inputs.k), cut(inputs.v), inputs.gate && cut(inputs.gate)];
  let s = state;
  const outputs = qs.map((q, i) => {
    const result = parallelLinearAttention({ q, k: ks[i]!, v: vs[i]!, gate: gates?.[i] }, s);
    s = i + 1 < qs.length ? handOver(result.state, state) : result.state;
    return result.output;
  });
  return { output: concat(outputs, 2), state: s };
}

/** The gates with which a program decays queries that read the state, the state, and keys, within a chunk. */
export interface ChunkGates {
  readonly read?: (gate: Value) => Value;
  readonly carry?: (gate: Value) => Value;
  readonly keys?: (gate: Value) => Value;
}

/** Runs chunks one after another, with other gates than those of the inputs for what crosses their boundaries. */
export function acrossChunks(
  { state, ...inputs }: Inputs & { readonly gate: Value },
  chunkSize: number,
  { read = (gate) => gate, carry = (gate) => gate, keys = (gate) => gate }: ChunkGates,
): LinearAttentionResult {
  const cut = (x: Value): Value[] => chunks(x, 2, chunkSize);
  const [qs, ks, vs, gates] = [cut(inputs.q), cut(inputs.k), cut(inputs.v), cut(inputs.gate)];
  const none = zerosLike(state);
  let s = state;
  const outputs = qs.map((q, i) => {
    const [k, v, gate] = [ks[i]!, vs[i]!, gates[i]!];
    const still = { q, k: zerosLike(k), v };
    const own = parallelLinearAttention({ q, k, v, gate }, none).output;
    const carried = parallelLinearAttention({ ...still, gate: read(gate) }, s).output;
    const kept = parallelLinearAttention({ ...still, gate: carry(gate) }, s).state;
    s = add(kept, parallelLinearAttention({ q, k, v, gate: keys(gate) }, none).state);
    return add(own, carried);
  });
  return { output: concat(outputs, 2), state: s };
}

/** The gate of the last token alone, or of all tokens but the last, one token later. */
export function lastAlone(gate: Value): Value {
  const t = gate.shape[2]!;
  return pad(slice(gate, 2, t - 1, t), 2, t - 1, 0);
}
export const oneLate = (gate: Value): Value => pad(slice(gate, 2, 0, gate.shape[2]! - 1), 2, 1, 0);

/** Runs linear attention in parallel mode, but masks the decays after exp, not before. */
export function maskedLate({ q, k, v, gate, state }: Inputs & { readonly gate: Value }): LinearAttentionResult {
  const scores = mul(einsum('bhtd,bhsd->bhts', q, k), decaysMaskedLate(gate));
  const carried = parallelLinearAttention({ q, k: zerosLike(k), v, gate }, state).output;
  return {
    output: add(einsum('bhts,bhse->bhte', scores, v), carried),
    state: recurrentLinearAttention({ q, k, v, gate }, state).state,
  };
}

/** Computes the decays between tokens, [b, h, t, s], as exp of differences of cumulative gates, masked afterwards. */
function decaysMaskedLate(gate: Value): Value {
  const [b, h, t] = gate.shape as readonly [number, number, number];
  const sums = linearScan(filledLike(gate, 1, gate.shape), gate, zerosLike(gate, [b, h]), 2);
  const decays = exp(sub(reshape(sums, [b, h, t, 1]), reshape(sums, [b, h, 1, t])));
  const below = Float64Array.from({ length: t * t }, (_, i) => (i % t <= Math.floor(i / t) ? 1 : 0));
  return select(constantLike(gate, below, [t, t]), decays, 0);
}

/** Makes functions that pad sequences [b, h, t, …] to whole chunks: with zeros, or gates with the last token's gate. */
export function filling(t: number, chunkSize: number): { zeros(x: Value): Value; gates(gate: Value): Value } {
  const missing = (chunkSize - (t % chunkSize)) % chunkSize;
  return {
    zeros: (x) => pad(x, 2, 0, missing),
    gates: (gate) => concat([gate, ...Array.from({ length: missing }, () => slice(gate, 2, t - 1, t))], 2),
  };
}
