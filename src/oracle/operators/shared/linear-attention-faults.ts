/** @file What several wrong linear attentions are made of: chunks that hand over something else, decays that are masked too late. */
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

/** Inputs and the state before the first token. */
interface Inputs extends LinearAttentionInputs {
  readonly state: Value;
}

/** Chunks one after another in parallel mode, the state between them changed. */
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

/** Linear attention in parallel mode whose decays are exp of a difference of sums of gates, masked only afterwards. */
export function maskedLate({ q, k, v, gate, state }: Inputs & { readonly gate: Value }): LinearAttentionResult {
  const scores = mul(einsum('bhtd,bhsd->bhts', q, k), decaysMaskedLate(gate));
  const carried = parallelLinearAttention({ q, k: zerosLike(k), v, gate }, state).output;
  return {
    output: add(einsum('bhts,bhse->bhte', scores, v), carried),
    state: recurrentLinearAttention({ q, k, v, gate }, state).state,
  };
}

/** Decays from token to token: [b, h, t, s]. */
function decaysMaskedLate(gate: Value): Value {
  const [b, h, t] = gate.shape as readonly [number, number, number];
  const sums = linearScan(filledLike(gate, 1, gate.shape), gate, zerosLike(gate, [b, h]), 2);
  const decays = exp(sub(reshape(sums, [b, h, t, 1]), reshape(sums, [b, h, 1, t])));
  const below = Float64Array.from({ length: t * t }, (_, i) => (i % t <= Math.floor(i / t) ? 1 : 0));
  return select(constantLike(gate, below, [t, t]), decays, 0);
}

/** How sequences [b, h, t, …] are filled to whole chunks: with zeros, or gates with the last token's. */
export function filling(t: number, chunkSize: number): { zeros(x: Value): Value; gates(gate: Value): Value } {
  const missing = (chunkSize - (t % chunkSize)) % chunkSize;
  return {
    zeros: (x) => pad(x, 2, 0, missing),
    gates: (gate) => concat([gate, ...Array.from({ length: missing }, () => slice(gate, 2, t - 1, t))], 2),
  };
}
