/** @file Linear attention from the states of all tokens, by linear scans. */
import { at, chunks } from '../../tensor/ops.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { sizeOf } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import type { LinearAttentionResult } from './inputs.ts';

/** Most numbers of states in one scan: half of what an array of a compiled program may hold. */
const mostNumbers = 2 ** 23;

/**
 * Computes `S_t = a_t S_{t−1} + k_tᵀ v_t` and `o_t = q_t S_t` of at least one token from a state [b, h, d, e]: the recurrence in a few
 * operations on whole sequences. Decays a are [b, h, t, d, 1], or have axes of length 1 instead of b and d. Each scan computes at most
 * `most` numbers, or one state.
 */
export function scannedAttention(
  inputs: { readonly q: Value; readonly k: Value; readonly v: Value; readonly decays: Value },
  state: Value,
  most = mostNumbers,
): LinearAttentionResult {
  const tokens = Math.max(1, Math.floor(most / Math.max(1, sizeOf(state.shape))));
  const [qs, ks, vs, decays] = [inputs.q, inputs.k, inputs.v, inputs.decays].map((x) => chunks(x, 2, tokens)) as [
    Value[],
    Value[],
    Value[],
    Value[],
  ];
  let s = state;
  const outputs = qs.map((q, i) => {
    const drives = einsum('bhtd,bhte->bhtde', ks[i]!, vs[i]!);
    const states = linearScan(broadcast(decays[i]!, drives.shape), drives, s, 2);
    s = at(states, 2, q.shape[2]! - 1);
    return einsum('bhtd,bhtde->bhte', q, states);
  });
  return { output: concat(outputs, 2), state: s };
}
