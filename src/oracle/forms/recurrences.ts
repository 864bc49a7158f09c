/**
 * @file Other formulas for the recurrence `h_t = a_t ⊙ h_{t−1} + b_t`. Decays and drives are [b, t, …], the initial state is [b, …],
 * and the result is every state.
 */
import { vjp } from '../../autograd/vjp.ts';
import { withPullback } from '../../autograd/with-pullback.ts';
import type { Left } from '../../nn/linear-attention/parallel.ts';
import type { Recurrence } from '../../nn/selective-scan/recurrences.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { div } from '../../tensor/primitives/div.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { sum } from '../../tensor/primitives/sum.ts';
import type { Value } from '../../tensor/value.ts';
import { cumulated } from './cumulated-logarithms.ts';
import { along } from './token-pairs.ts';

type Inputs = Readonly<Record<'decay' | 'drive' | 'state', Value>>;

/** States as sums over pairs of tokens, `h_t = Σ_{s≤t} (Π_{s<i≤t} a_i) b_s + (Π_{i≤t} a_i) h_0`, from logarithms of decays. */
export const byPairs =
  (left: (logs: Value, axis: number) => Left): Recurrence =>
  (logs, drive, state) => {
    if (drive.shape[1] === 0) return drive;
    const { ofTokens, ofState } = left(logs, 1);
    return stored(add(sum(mul(ofTokens, along(drive, 1, 's')), [2]), mul(ofState, along(state, 1, 's'))), 'state');
  };

/**
 * The same states, with gradients of the logarithms of decays as a reversed cumulative sum:
 * `Σ_{i≥t} (h_i dh_i − b_i db_i)`. Terms between later tokens cancel, and leave their rounding errors.
 */
export const withDecayDifferences =
  (statesOf: Recurrence): Recurrence =>
  (logs, drive, state) =>
    withPullback(
      {
        call: 'withDecayDifferences',
        f: (xs: Inputs) => statesOf(xs.decay, xs.drive, xs.state),
        pullback({ decay, ...rest }, h, dh) {
          const d = vjp((xs: Omit<Inputs, 'decay'>) => statesOf(decay, xs.drive, xs.state), rest).pullback(dh);
          const terms = sub(mul(h, dh), mul(rest.drive, d.drive));
          return { decay: cumulated(terms, 1, { reverse: true }), drive: d.drive, state: d.state };
        },
      },
      { decay: logs, drive, state },
    );

/**
 * The same states, with gradients of the logarithms of decays as `λ_t (h_t − b_t)`, which needs no earlier state. The difference
 * stands for `a_t h_{t−1}`, and has few digits where b_t outweighs it.
 */
export const withCarriedDifferences =
  (statesOf: Recurrence): Recurrence =>
  (logs, drive, state) =>
    withPullback(
      {
        call: 'withCarriedDifferences',
        f: (xs: Inputs) => statesOf(xs.decay, xs.drive, xs.state),
        pullback({ decay, ...rest }, h, dh) {
          const d = vjp((xs: Omit<Inputs, 'decay'>) => statesOf(decay, xs.drive, xs.state), rest).pullback(dh);
          return { decay: mul(d.drive, sub(h, rest.drive)), drive: d.drive, state: d.state };
        },
      },
      { decay: logs, drive, state },
    );

/** States as products of prefixes: `h_t = P_t (h_0 + Σ_{s≤t} b_s / P_s)`, for the products P_t of decays up to each token. */
export const byQuotients = (products: Value, drive: Value, state: Value): Value =>
  stored(mul(products, add(cumulated(div(drive, products), 1), along(state, 1, 's'))), 'state');

/** A scan whose gradient of a decay is that of its logarithm divided by it: `λ_t (a_t h_{t−1}) / a_t`. */
export const withDividedGradient =
  (statesOf: Recurrence): Recurrence =>
  (decay, drive, state) =>
    withPullback(
      {
        call: 'withDividedGradient',
        f: (xs: Inputs) => statesOf(xs.decay, xs.drive, xs.state),
        pullback(xs, h, dh) {
          const { decay, ...rest } = xs;
          const d = vjp((of: Omit<Inputs, 'decay'>) => statesOf(decay, of.drive, of.state), rest).pullback(dh);
          const before = concat([along(xs.state, 1, 's'), slice(h, 1, 0, h.shape[1]! - 1)], 1);
          return { decay: div(mul(d.drive, mul(decay, before)), decay), drive: d.drive, state: d.state };
        },
      },
      { decay, drive, state },
    );
