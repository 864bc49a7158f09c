/**
 * @file Softmax attention and cross-entropy that store the log-sum-exp of each row for their backward pass, as FlashAttention-2 does.
 *
 * `P = exp(s − lse)`, `D = Σ_e dO · O`, `dS = P ⊙ (dP − D)`. Where a softmax saturates, dP − D is 0 up to rounding errors.
 */
import { withPullback } from '../../autograd/with-pullback.ts';
import {
  type Attention,
  type AttentionInputs,
  attentionAxes,
  causalMask,
  extended,
  scoresOf,
} from '../../nn/attention/inputs.ts';
import { logSumExp, tokenLossesBy } from '../../nn/cross-entropy.ts';
import { exponentials, largestSeen, sumKeep } from '../../nn/softmax.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { div } from '../../tensor/primitives/div.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { log } from '../../tensor/primitives/log.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';

/** Queries, and the keys and values of all tokens so far. */
type Inputs = Readonly<Record<'q' | 'keys' | 'values', Value>>;

/** Attention in one pass, with this backward pass. */
export const attentionByLogSumExp: Attention = ({ q, k, v, factor }: AttentionInputs, before) => {
  const { t, s } = attentionAxes('attentionByLogSumExp', { q, k, v, factor }, before);
  const state = extended(before, { q, k, v, factor });
  if (t === 0) return { output: v, state };
  const seen = causalMask(q, s, t, 0, s + t);
  const { output } = withPullback(
    {
      call: 'attentionByLogSumExp',
      f({ q, keys, values }: Inputs) {
        const scores = scoresOf(q, keys, factor);
        const largest = largestSeen(scores, slice(scores, -1, 0, 1), seen);
        const weights = exponentials(scores, largest, seen);
        const total = sumKeep(weights);
        const output = div(einsum('bhts,bhse->bhte', stored(weights, 'score'), values), total);
        return { output, logSumExp: add(largest, log(total)) };
      },
      pullback({ q, keys, values }, { output, logSumExp }, { output: dOutput }) {
        const shares = exponentials(scoresOf(q, keys, factor), logSumExp, seen);
        const dShares = einsum('bhte,bhse->bhts', dOutput, values);
        const dScores = scale(mul(shares, sub(dShares, sumKeep(mul(dOutput, output)))), factor);
        return {
          q: einsum('bhts,bhsd->bhtd', dScores, keys),
          keys: einsum('bhts,bhtd->bhsd', dScores, q),
          values: einsum('bhts,bhte->bhse', stored(shares, 'score'), dOutput),
        };
      },
    },
    { q, ...state },
  );
  return { output, state };
};

/** Each row's last axis, of length 1. */
const asColumn = (x: Value): Value => reshape(x, [...x.shape, 1]);

/** The loss of each position, with the gradient `P = exp(x − lse)` of the log-sum-exp. */
export const lossesByLogSumExp = tokenLossesBy(
  (logits) =>
    withPullback(
      {
        call: 'lossesByLogSumExp',
        f: (x: { readonly logits: Value }) => ({ total: logSumExp(x.logits) }),
        pullback: (x, { total }, { total: d }) => ({
          logits: mul(exponentials(x.logits, asColumn(total)), asColumn(d)),
        }),
      },
      { logits },
    ).total,
);
