/** @file Cross-entropy loss of next-token prediction. */
import { fail } from '../tensor/errors.ts';
import { indexInput, input } from '../tensor/input.ts';
import { meanKeep, sub } from '../tensor/ops.ts';
import { abs } from '../tensor/primitives/abs.ts';
import { add } from '../tensor/primitives/add.ts';
import { div } from '../tensor/primitives/div.ts';
import { equal } from '../tensor/primitives/equal.ts';
import { exp } from '../tensor/primitives/exp.ts';
import { gather } from '../tensor/primitives/gather.ts';
import { log } from '../tensor/primitives/log.ts';
import { maxReduce } from '../tensor/primitives/max-reduce.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { select } from '../tensor/primitives/select.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { stopGradient } from '../tensor/primitives/stop-gradient.ts';
import { sum } from '../tensor/primitives/sum.ts';
import { show } from '../tensor/shape.ts';
import type { Executor, Value } from '../tensor/value.ts';
import { checkAxes } from './check.ts';

/** Target token of each position (kind index), and its weight: 1 if the position counts, else 0. Both are [n]. */
export interface Targets {
  readonly tokens: Value;
  readonly weights: Value;
}

/**
 * `log Σ_j e^{x_j}` over the last axis of `x` [n, v], as [n]. The largest element is subtracted first, so that exp does not
 * overflow. A row of −∞ alone has the result −∞ and the gradient 0, as an empty sum; a row with ∞ has the result ∞.
 * @example
 * read(logSumExp(tensor([[1000, 1000]]))) // [1000.6931471805599453]
 */
export function logSumExp(x: Value): Value {
  const most = stopGradient(maxReduce(x, -1));
  // ∞ − ∞ would be NaN
  const largest = select(equal(abs(most), Infinity), 0, most);
  const total = sum(exp(sub(x, reshape(largest, [...largest.shape, 1]))), [-1]);
  // the logarithm of 0 would have the gradient 0 · ∞
  const isEmpty = equal(total, 0);
  return select(isEmpty, -Infinity, add(log(select(isEmpty, 1, total)), largest));
}

/** The loss of each position: see `tokenLosses`. */
export type TokenLosses = (logits: Value, tokens: Value, smoothing?: number) => Value;

/** The loss of each position by a function for `log Σ_j e^{x_j}`. */
export function tokenLossesBy(logSumExpOf: (x: Value) => Value): TokenLosses {
  return (logits, tokens, smoothing = 0) => {
    const leading = logits.shape.slice(0, -1);
    if (logits.shape.length < 1 || show(tokens.shape) !== show(leading))
      fail(`tokenLosses: tokens ${show(tokens.shape)} beside logits ${show(logits.shape)}; give one token per row`);
    const total = logSumExpOf(logits);
    const loss = sub(total, gather(logits, tokens, leading.length));
    if (smoothing === 0) return loss;
    const mean = reshape(meanKeep(logits, -1), leading);
    return add(scale(loss, 1 - smoothing), scale(sub(total, mean), smoothing));
  };
}

/**
 * The loss of each position for logits [..., v] and target tokens [...] (kind index): `(1 − ε) (log Σ_v e^{x_v} − x_target) + ε (log Σ_v e^{x_v} −
 * mean_v x_v)` with the label smoothing ε. Throws on other shapes.
 * @example
 * read(tokenLosses(tensor([[0, 0]]), indices([0]))) // [0.6931471805599453]
 */
export const tokenLosses: TokenLosses = tokenLossesBy(logSumExp);

/**
 * `−Σ_n w_n log softmax(logits_n)[target_n]` for logits [n, v]: the loss summed over the positions that count. Logits at positions of
 * weight 0, NaN and infinities included, reach neither the sum nor its gradient. Throws on other shapes.
 * @example
 * item(crossEntropySum(tensor([[0, 0], [NaN, 0]]), { tokens: indices([0, 1]), weights: tensor([1, 0]) })) // 0.6931471805599453
 */
export function crossEntropySum(logits: Value, { tokens, weights }: Targets): Value {
  checkAxes('crossEntropy', 'logits', logits, ['n', 'v']);
  checkAxes('crossEntropy', 'tokens', tokens, ['n']);
  checkAxes('crossEntropy', 'weights', weights, ['n']);
  const [n] = logits.shape as readonly [number, number];
  if (tokens.shape[0] !== n || weights.shape[0] !== n) {
    fail(
      `crossEntropy: tokens ${show(tokens.shape)} and weights ${show(weights.shape)} beside logits ${show(logits.shape)}; give one of each per row`,
    );
  }
  // before the loss: its derivative at a NaN is NaN, and 0 · NaN is not 0
  const counted = select(reshape(weights, [n, 1]), logits, 0);
  return sum(mul(sub(logSumExp(counted), gather(counted, tokens, 1)), weights));
}

/**
 * `−Σ_n w_n log softmax(logits_n)[target_n] / Σ_n w_n` for logits [n, v]: the mean loss over the positions that count, as
 * {@link crossEntropySum}. Throws on other shapes. On f64 and f32, where numbers can be read at once, it also throws when the weights
 * sum to 0; on other executors the result is NaN then.
 * @example
 * const even = { tokens: indices([0]), weights: tensor([1]) };
 * item(crossEntropy(tensor([[0, 0]]), even)) // 0.6931471805599453
 */
export function crossEntropy(logits: Value, { tokens, weights }: Targets): Value {
  const total = crossEntropySum(logits, { tokens, weights });
  // other executors may have bounds only, or no numbers yet
  if (['f32', 'f64'].includes(weights.on.name) && weights.on.read(weights.data).reduce((a, b) => a + b, 0) === 0) {
    fail('crossEntropy: the weights sum to 0, so nothing counts and there is no mean; give one position weight 1');
  }
  return div(total, sum(weights));
}

/**
 * Targets of next-token prediction from labels [b][t]: position t predicts label t + 1. Labels equal to `ignored` do not count.
 * Throws on fewer than two tokens, on ragged rows, and when no label counts.
 * @example
 * read(nextTokenTargets(f64, [[3, 1, -100]]).tokens) // [1, 0]
 */
export function nextTokenTargets(on: Executor, labels: readonly (readonly number[])[], ignored = -100): Targets {
  const length = labels[0]?.length ?? 0;
  if (length < 2) fail(`nextTokenTargets: rows of ${length} labels; predicting the next token needs at least 2`);
  if (labels.some((row) => row.length !== length)) fail('nextTokenTargets: rows of unequal length');
  const next = labels.flatMap((row) => row.slice(1));
  if (next.every((label) => label === ignored)) fail(`nextTokenTargets: every label is ${ignored}, so nothing counts`);
  const tokens = next.map((label) => (label === ignored ? 0 : label));
  const weights = next.map((label) => (label === ignored ? 0 : 1));
  return { tokens: indexInput(on, tokens, [next.length]), weights: input(on, weights, [next.length]) };
}

/**
 * Drops the last position of logits [b, t, v], which predicts no label, and reshapes the rest to [b (t − 1), v]. Throws on other
 * shapes and when t < 2.
 * @example
 * predictingRows(tensor([[[1, 2], [3, 4]]])).shape // [1, 2]
 */
export function predictingRows(logits: Value): Value {
  checkAxes('predictingRows', 'logits', logits, ['b', 't', 'v']);
  const [b, t, v] = logits.shape as readonly [number, number, number];
  if (t < 2) fail(`predictingRows: ${t} positions; predicting the next token needs at least 2`);
  return reshape(slice(logits, 1, 0, t - 1), [b * (t - 1), v]);
}
