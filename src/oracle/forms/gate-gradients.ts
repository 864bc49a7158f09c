/**
 * @file Gradients of gates as a reversed cumulative sum of differences: `dg_t = Σ_{i≥t} (q_i·dq_i − k_i·dk_i) + ⟨S_T, dS_T⟩`.
 *
 * `q_i·dq_i` sums all that token i reads, from every s ≤ i, and `k_i·dk_i` all that is read of it. What is left of their difference,
 * summed from t on, crosses the gate of t. Terms between later tokens cancel, and leave their rounding errors.
 */

import { given } from '../../../spec/notation.ts';
import { vjp } from '../../autograd/vjp.ts';
import { withPullback } from '../../autograd/with-pullback.ts';
import type { LinearAttention } from '../../nn/linear-attention/inputs.ts';
import { sub } from '../../tensor/ops.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import type { Value } from '../../tensor/value.ts';
import { cumulated } from './cumulated-logarithms.ts';

type Inputs = Readonly<Record<'q' | 'k' | 'v' | 'gate' | 'state', Value>>;

/** The same linear attention with this gradient of its gates. The other gradients stay as they are. */
export const withGateDifferences =
  (attention: LinearAttention): LinearAttention =>
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
          const dot = (x: Value, dx: Value): Value => einsum('bhtd,bhtd->bht', x, dx);
          const start = einsum('bhde,bhde->bh', results.state, cotangents.state);
          const gate = cumulated(sub(dot(q, d.q), dot(k, d.k)), 2, { start, reverse: true });
          return { q: d.q, k: d.k, v: d.v, gate, state: d.state };
        },
      },
      { q, k, v, gate: given(gate, 'a gate'), state: before },
    );
