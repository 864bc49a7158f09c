/** @file Softmax over the last axis, with an optional mask and without overflow. */
import { checkValue } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { sub } from '../tensor/ops.ts';
import { div } from '../tensor/primitives/div.ts';
import { exp } from '../tensor/primitives/exp.ts';
import { maxReduce } from '../tensor/primitives/max-reduce.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { select } from '../tensor/primitives/select.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { stopGradient } from '../tensor/primitives/stop-gradient.ts';
import { sum } from '../tensor/primitives/sum.ts';
import { show } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';

/**
 * `e^{x_i} / Σ_j e^{x_j}` over the last axis, without overflow. `seen` is a mask of ones and zeros that broadcasts against `x`.
 * Entries where it is 0 are not in the sum, and their result is 0. `least` [..., 1] is any seen entry, by default the first. Where
 * no entry is seen, or every seen one is −∞, nothing has a share: results and gradients are NaN. Throws where the axis is empty.
 * @example
 * read(softmax(tensor([1000, 1000, 5]), tensor([1, 1, 0]))) // [0.5, 0.5, 0]
 */
export function softmax(x: Value, seen?: Value, least?: Value): Value {
  checkValue('softmax', 'x', x);
  if (x.shape.length === 0 || x.shape.at(-1) === 0) {
    fail(`softmax: the last axis of ${show(x.shape)} is empty; nothing has shares there`);
  }
  const shares = exponentials(x, largestSeen(x, least ?? slice(x, -1, 0, 1), seen), seen);
  return div(shares, sumKeep(shares));
}

/** Largest of the seen entries and of `least` [..., 1], with the axis kept. It has no gradient. */
export function largestSeen(x: Value, least: Value, seen?: Value): Value {
  const candidates = seen === undefined ? x : select(seen, x, least);
  return stopGradient(reshape(maxReduce(candidates, -1), least.shape));
}

/** `e^{x − largest}` where `seen`, else 0. The mask comes before the exponential, because unseen entries might overflow. */
export function exponentials(x: Value, largest: Value, seen?: Value): Value {
  const shifted = sub(x, largest);
  return seen === undefined ? exp(shifted) : select(seen, exp(select(seen, shifted, 0)), 0);
}

/** Sum over the last axis, which stays with length 1. */
export const sumKeep = (x: Value): Value => reshape(sum(x, [-1]), [...x.shape.slice(0, -1), 1]);
