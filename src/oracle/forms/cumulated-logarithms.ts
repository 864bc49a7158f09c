/** @file Products of decays as exponentials of differences of cumulated logarithms: `Π_{s<i≤t} a_i = exp(G_t − G_s)`. */
import type { Left } from '../../nn/linear-attention/parallel.ts';
import { filledLike, zerosLike } from '../../tensor/operand.ts';
import { neg, sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { select } from '../../tensor/primitives/select.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { along, decaysBefore, maskOf } from './token-pairs.ts';

/** Cumulative sum along an axis, in reverse from the last token; `start` is added to each. */
export const cumulated = (
  x: Value,
  axis: number,
  { start = zerosLike(x, x.shape.toSpliced(axis, 1)), reverse = false } = {},
): Value => linearScan(filledLike(x, 1, x.shape), x, start, axis, { reverse });

/** Products of decays with the given logarithms along a time axis, each sum computed once, so that a token's decay to itself is 1. */
export function byLogarithmsCumulatedOnce(logs: Value, axis: number): Left {
  const sums = cumulated(logs, axis);
  const differences = sub(along(sums, axis, 't'), along(sums, axis, 's'));
  return { ofTokens: decaysBefore(differences, axis), ofState: stored(exp(sums), 'decay') };
}

/**
 * The same, also from a token to itself: `exp(G_t − G_t)` is 1, but kernels that sum G_t twice, in two orders, get another number, and its
 * gradient adds a number to that of G_t and subtracts it again. What that leaves is rounded. After a decay of 0 they are NaN: ∞ − ∞.
 */
export function byCumulatedLogarithms(logs: Value, axis: number): Left {
  const sums = cumulated(logs, axis);
  const differences = sub(along(sums, axis, 't'), along(sums, axis, 's'));
  const seen = add(maskOf(differences, axis, 'before'), maskOf(differences, axis, 'same'));
  // the mask comes before the exponential, because the others might overflow
  const decays = stored(exp(select(seen, differences, 0)), 'decay');
  return { ofTokens: select(seen, decays, 0), ofState: stored(exp(sums), 'decay') };
}

/**
 * The same as quotients of exponentials: `exp(G_t) exp(−G_s)`. After a decay of 0 they are NaN, and where
 * an exponential overflows.
 */
export function byQuotientsOfExponentials(logs: Value, axis: number): Left {
  const sums = cumulated(logs, axis);
  const [ofState, over] = [exp(sums), exp(neg(sums))].map((x) => stored(x, 'decay')) as [Value, Value];
  const quotients = mul(along(ofState, axis, 't'), along(over, axis, 's'));
  const seen = add(maskOf(quotients, axis, 'before'), maskOf(quotients, axis, 'same'));
  return { ofTokens: select(seen, quotients, 0), ofState };
}
