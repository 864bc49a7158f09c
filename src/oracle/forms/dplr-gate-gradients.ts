/**
 * @file Gradients of gates of the generalised delta rule as a reversed cumulative sum of differences:
 * `dg_t = Σ_{i≥t} (q_i dq_i + a_i da_i − k_i dk_i − b_i db_i) − a_t da_t + S_T dS_T`, summed over the value channels of the state. `a_t`
 * reads what is decayed up to the token before. What cancels leaves its rounding errors.
 */
import { vjp } from '../../autograd/vjp.ts';
import { withPullback } from '../../autograd/with-pullback.ts';
import type { Dplr, DplrInputs } from '../../nn/dplr/inputs.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import type { Value } from '../../tensor/value.ts';
import { cumulated } from './cumulated-logarithms.ts';

type Inputs = DplrInputs & Readonly<Record<'state', Value>>;

/** The same rule with this gradient of its gates. The other gradients stay as they are. */
export const withDplrGateDifferences =
  (rule: Dplr): Dplr =>
  ({ q, k, v, a, b, gate }, before) =>
    withPullback(
      {
        call: 'withDplrGateDifferences',
        f: ({ state, ...xs }: Inputs) => ({ ...rule(xs, state) }),
        pullback({ gate, ...xs }, results, cotangents) {
          const ofRest = ({ state, ...rest }: Omit<Inputs, 'gate'>) => ({ ...rule({ ...rest, gate }, state) });
          const d = vjp(ofRest, { ...xs }).pullback(cotangents);
          const dot = (name: 'q' | 'k' | 'a' | 'b'): Value => mul(xs[name], d[name]);
          const terms = sub(add(dot('q'), dot('a')), add(dot('k'), dot('b')));
          const start = einsum('bhde,bhde->bhd', results.state, cotangents.state);
          const own = sub(cumulated(terms, 2, { start, reverse: true }), dot('a'));
          return { q: d.q, k: d.k, v: d.v, a: d.a, b: d.b, gate: own, state: d.state };
        },
      },
      { q, k, v, a, b, gate, state: before },
    );
