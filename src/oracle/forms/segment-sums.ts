/** @file Products of decays as exponentials of sums of logarithms over each segment: `Π_{s<i≤t} a_i = exp(Σ_{s<i≤t} g_i)` (segsum). */
import type { Left } from '../../nn/linear-attention/parallel.ts';
import { segmentDecays } from '../../nn/segment-decays.ts';
import { filledLike, zerosLike } from '../../tensor/operand.ts';
import { sub } from '../../tensor/ops.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { equal } from '../../tensor/primitives/equal.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { select } from '../../tensor/primitives/select.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { cumulated } from './cumulated-logarithms.ts';
import { along, decaysBefore, maskOf } from './token-pairs.ts';

/**
 * Products of decays with the given logarithms along a time axis. A logarithm of −∞ makes a sum −∞ and a product 0. The product is
 * computed apart from the sum, because bounds on infinite sums are infinite.
 */
export function bySegmentSums(logs: Value, axis: number): Left {
  const isReset = equal(logs, Number.NEGATIVE_INFINITY);
  const [finite, isOpen] = [select(isReset, 0, logs), sub(1, isReset)];
  const row = along(finite, axis, 't');
  const rows = broadcast(row, row.shape.with(axis + 1, logs.shape[axis]!));
  const sums = cumulated(select(maskOf(rows, axis, 'before'), rows, 0), axis);
  const ones = filledLike(logs, 1, logs.shape.toSpliced(axis, 1));
  return {
    ofTokens: mul(decaysBefore(sums, axis), segmentDecays(isOpen, axis)),
    ofState: mul(stored(exp(cumulated(finite, axis)), 'decay'), linearScan(isOpen, zerosLike(logs), ones, axis)),
  };
}
