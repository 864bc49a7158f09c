/**
 * @file Gradients of gates as a reversed cumulative sum of differences: `dg_t = Σ_{i≥t} (q_i·dq_i − k_i·dk_i) + ⟨S_T, dS_T⟩`.
 *
 * `q_i·dq_i` sums all that token i reads, from every s ≤ i, and `k_i·dk_i` all that is read of it. What is left of their difference,
 * summed from t on, crosses the gate of t. Terms between later tokens cancel, and leave their rounding errors. If the sum from t on is the
 * total less the sum before t, so do the terms of earlier tokens.
 */

import { given } from '../../../spec/notation.ts';
import { vjp } from '../../autograd/vjp.ts';
import { withPullback } from '../../autograd/with-pullback.ts';
import type { LinearAttention } from '../../nn/linear-attention/inputs.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { sum } from '../../tensor/primitives/sum.ts';
import type { Value } from '../../tensor/value.ts';
import { cumulated } from './cumulated-logarithms.ts';
import { along } from './token-pairs.ts';

type Inputs = Readonly<Record<'q' | 'k' | 'v' | 'gate' | 'state', Value>>;

/** Sums of the differences [b, h, t] from each token on, and `start` [b, h]. Gates for each key channel have an axis d more. */
export type SumsFromTokenOn = (differences: Value, start: Value) => Value;

/** A cumulative sum from the last token to the first. */
export const reversedSums: SumsFromTokenOn = (differences, start) =>
  cumulated(differences, 2, { start, reverse: true });

/**
 * The total, less the sum of all tokens before. Errors stay below a few roundings of the sequence's largest gradient of a gate, as no
 * difference is larger than two of these.
 */
export function totalsLessSums(differences: Value, start: Value): Value {
  const total = add(start, sum(differences, [2]));
  return sub(add(along(total, 2, 's'), differences), cumulated(differences, 2));
}

/** The same linear attention with this gradient of its gates. The other gradients stay as they are. */
export const withGateDifferences =
  (attention: LinearAttention, sumsOf = reversedSums): LinearAttention =>
  ({ q, k, v, gate }, before) =>
    withPullback(
      {
        call: 'withGateDifferences',
        f: ({ state, ...inputs }: Inputs) => ({ ...attention(inputs, state) }),
        pullback(inputs, results, cotangents) {
          const { q, k, v, state } = inputs;
          const ofRest = ({ state, ...rest }: Omit<Inputs, 'gate'>) => ({
            ...attention({ ...rest, gate: inputs.gate }, state),
          });
          const d = vjp(ofRest, { q, k, v, state }).pullback(cotangents);
          const channels = inputs.gate.shape.length === 4 ? 'd' : '';
          const dot = (x: Value, dx: Value): Value => einsum(`bhtd,bhtd->bht${channels}`, x, dx);
          const start = einsum(`bhde,bhde->bh${channels}`, results.state, cotangents.state);
          const gate = sumsOf(sub(dot(q, d.q), dot(k, d.k)), start);
          return { q: d.q, k: d.k, v: d.v, gate, state: d.state };
        },
      },
      { q, k, v, gate: given(gate, 'a gate'), state: before },
    );
