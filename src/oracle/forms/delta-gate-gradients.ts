/**
 * @file Gradients of gates of the delta rule as a reversed cumulative sum of differences:
 * `dg_t = Σ_{i≥t} (q_i dq_i + k_i dk_i − k_i dk'_i) + S_T dS_T`, summed over the value channels of the state. dk is the gradient of the keys as
 * they read, dk' as they are written. What is written after t, or read of it, cancels and leaves its rounding errors, so that the gradient of
 * a gate that decays nothing isn't exactly 0.
 */
import { given } from '../../../spec/notation.ts';
import { vjp } from '../../autograd/vjp.ts';
import { withPullback } from '../../autograd/with-pullback.ts';
import type { DeltaRule } from '../../nn/delta-rule/inputs.ts';
import { repeatGroups } from '../../nn/groups.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import type { Value } from '../../tensor/value.ts';
import { cumulated } from './cumulated-logarithms.ts';

type Inputs = Readonly<Record<'q' | 'k' | 'v' | 'beta' | 'gate' | 'state', Value>>;

/** The same rule with this gradient of its gates. The other gradients stay as they are. */
export const withDeltaGateDifferences =
  (rule: DeltaRule): DeltaRule =>
  ({ q, k, v, beta, gate }, before) => {
    const heads = v.shape[1]!;
    const call = 'withDeltaGateDifferences';
    return withPullback(
      {
        call,
        f: ({ state, ...inputs }: Inputs) => ({ ...rule(inputs, state) }),
        pullback({ gate, ...inputs }, results, cotangents) {
          const ofRest = ({ state, ...rest }: Omit<Inputs, 'gate'> & { readonly reads: Value }) => ({
            ...rule({ ...rest, gate }, state),
          });
          const d = vjp(ofRest, { ...inputs, reads: inputs.k }).pullback(cotangents);
          const channels = gate.shape.length === 4 ? 'd' : '';
          const dot = (x: Value, dx: Value): Value => einsum(`bhtd,bhtd->bht${channels}`, x, dx);
          const read = add(dot(inputs.q, d.q), dot(inputs.k, d.reads));
          const start = einsum(`bhde,bhde->bh${channels}`, results.state, cotangents.state);
          const gates = cumulated(sub(read, dot(inputs.k, d.k)), 2, { start, reverse: true });
          return { q: d.q, k: add(d.reads, d.k), v: d.v, beta: d.beta, gate: gates, state: d.state };
        },
      },
      {
        // gates have gradients of heads
        q: repeatGroups(call, 'q', q, heads),
        k: repeatGroups(call, 'k', k, heads),
        ...{ v, beta, gate: given(gate, 'a gate'), state: before },
      },
    );
  };
